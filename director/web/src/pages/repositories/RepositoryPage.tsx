import { useState } from "react";
import {
  Button, Card, makeStyles, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, MessageBar, MessageBarBody, MessageBarTitle, Subtitle2, Tab, TabList, Text, tokens,
} from "@fluentui/react-components";
import { ArrowCounterclockwiseRegular, MoreHorizontalRegular, PlugConnectedRegular, PlugDisconnectedRegular, ShieldCheckmarkRegular } from "@fluentui/react-icons";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { refresh } from "@/api/refresh";
import { RepositoryService, type Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { Backups } from "@/pages/repositories/Backups";
import { ChangeCodec, ChangeKey, CopyTo, Remove } from "@/pages/repositories/dialogs";
import { codecNames, savings } from "@/pages/repositories/hooks";
import { Schedules } from "@/pages/repositories/Schedules";
import { State } from "@/pages/repositories/State";
import { useTransporters } from "@/pages/transporters/hooks";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { Facts } from "@/parts/Facts";
import { bytes, count, day, moment } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  cards: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(20rem, 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
});

/** One repository: what it holds, what it takes, and what can be done with it. */
export function RepositoryPage() {
  const { id = "" } = useParams();
  const repository = useQuery(RepositoryService.method.getRepository, { repositoryId: id }, { refetchInterval: 15_000 });
  return (
    <Loaded query={repository} what="The repository">
      {(data) => (data.repository ? <Shown repository={data.repository} /> : <Text>It was removed, or the address is mistyped.</Text>)}
    </Loaded>
  );
}

type Question = "detach" | "codec" | "key" | "copy" | "remove";

function Shown({ repository: r }: { repository: Repository }) {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Question>();
  const [params, setParams] = useSearchParams();
  const show = params.get("show");
  const tab = show === "backups" || show === "schedules" ? show : "overview";
  const close = () => setAsked(undefined);
  const detach = useMutation(RepositoryService.method.detachRepository);
  return (
    <Page
      title={r.name} crumbs={[{ text: "Repositories", to: "/repositories" }]} about={<State repository={r} />} filled={tab === "backups"}
      actions={<Actions repository={r} ask={setAsked} />}
    >
      {r.error && (
        <MessageBar intent="error" layout="multiline"><MessageBarBody><MessageBarTitle>It cannot be used as it is.</MessageBarTitle> {r.error}</MessageBarBody></MessageBar>
      )}
      {!r.attached && !r.error && (
        <MessageBar layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>It is detached.</MessageBarTitle> Its folder may be copied or moved away. Jobs that keep their backups here wait until it is attached again
            {r.attaches ? `, which its schedule does on ${moment(r.attaches)}` : ""}.
          </MessageBarBody>
        </MessageBar>
      )}
      <TabList selectedValue={tab} onTabSelect={(_, d) => setParams(d.value === "overview" ? {} : { show: String(d.value) }, { replace: true })}>
        <Tab value="overview">Overview</Tab>
        <Tab value="backups">Backups</Tab>
        <Tab value="schedules">Schedules</Tab>
      </TabList>
      {tab === "backups" && <Backups repository={r} />}
      {tab === "schedules" && <Schedules key={r.id} repository={r} />}
      {tab === "overview" && <Overview repository={r} />}
      <Confirm
        open={asked === "detach"} title={`Detach ${r.name}?`} action="Detach it" onClose={close}
        onConfirm={async () => {
          await detach.mutateAsync({ repositoryId: r.id });
          await refresh(RepositoryService);
        }}
      >
        What is being written comes to its end first. Then the folder may be copied or moved, and backups wait until it is attached again.
      </Confirm>
      <ChangeCodec open={asked === "codec"} repository={r} onClose={close} />
      <ChangeKey open={asked === "key"} repository={r} onClose={close} />
      <CopyTo open={asked === "copy"} repository={r} onClose={close} onBegun={(activity) => void navigate(`/activities/${activity}`)} />
      <Remove open={asked === "remove"} repository={r} onClose={close} onRemoved={async () => navigate("/repositories")} />
    </Page>
  );
}

function Actions({ repository: r, ask }: { repository: Repository; ask: (q: Question) => void }) {
  const navigate = useNavigate();
  const tell = useToasts();
  const onlyAdmins = useForbidden(Role.ADMINISTRATOR);
  const onlyOperators = useForbidden(Role.OPERATOR);
  const away = r.attached ? undefined : "It is detached.";
  const begun = (answer: { activityId: string }) => void navigate(`/activities/${answer.activityId}`);
  const failed = (what: string) => (e: unknown) => tell.failed(what, e);
  const attach = useMutation(RepositoryService.method.attachRepository, { onSuccess: () => refresh(RepositoryService), onError: failed("It could not be attached") });
  const verify = useMutation(RepositoryService.method.verifyRepository, { onSuccess: begun, onError: failed("It could not be verified") });
  const reclaim = useMutation(RepositoryService.method.reclaimRepository, { onSuccess: begun, onError: failed("Its space could not be reclaimed") });
  const survey = useMutation(RepositoryService.method.surveyRepository, { onSuccess: begun, onError: failed("It could not be measured") });
  const repair = useMutation(RepositoryService.method.repairRepository, { onSuccess: begun, onError: failed("It could not be repaired") });
  const item = (text: string, why: string | undefined, act: () => void) => (
    <MenuItem disabled={why !== undefined} subText={why} onClick={act}>{text}</MenuItem>
  );
  return (
    <>
      <Explained appearance="primary" icon={<ArrowCounterclockwiseRegular />} why={onlyOperators ?? away} onClick={() => void navigate(`/recovery?repository=${r.id}`)}>Recover from it</Explained>
      <Explained icon={<ShieldCheckmarkRegular />} why={onlyOperators ?? away} onClick={() => verify.mutate({ repositoryId: r.id })}>Verify</Explained>
      {r.attached ? (
        <Explained icon={<PlugDisconnectedRegular />} why={onlyAdmins} onClick={() => ask("detach")}>Detach</Explained>
      ) : (
        <Explained icon={<PlugConnectedRegular />} why={onlyAdmins ?? (attach.isPending && "One moment.")} onClick={() => attach.mutate({ repositoryId: r.id })}>Attach</Explained>
      )}
      <Menu>
        <MenuTrigger disableButtonEnhancement><Button icon={<MoreHorizontalRegular />}>More</Button></MenuTrigger>
        <MenuPopover>
          <MenuList>
            {item("Verify every byte", onlyOperators ?? away, () => verify.mutate({ repositoryId: r.id, full: true }))}
            {item("Reclaim space", onlyOperators ?? away, () => reclaim.mutate({ repositoryId: r.id }))}
            {item("Measure what each backup takes", onlyOperators ?? away, () => survey.mutate({ repositoryId: r.id }))}
            {item("Repair", onlyOperators ?? away, () => repair.mutate({ repositoryId: r.id }))}
            {item("Copy backups to another repository", onlyOperators ?? away, () => ask("copy"))}
            {item("Change compression", onlyAdmins ?? away, () => ask("codec"))}
            {item("Change passphrase or key", onlyAdmins ?? away ?? (r.encrypted ? undefined : "It is not encrypted."), () => ask("key"))}
            {item("Remove", onlyAdmins, () => ask("remove"))}
          </MenuList>
        </MenuPopover>
      </Menu>
    </>
  );
}

function Overview({ repository: r }: { repository: Repository }) {
  const styles = useStyles();
  const transporter = useTransporters().data?.transporters.find((t) => t.id === r.transporterId);
  const s = savings(r);
  return (
    <div className={styles.cards}>
      <Card>
        <Subtitle2 as="h2">Place</Subtitle2>
        <Facts
          of={[
            ["Transporter", transporter?.name], ["Folder", r.path], ["Compression", codecNames[r.codec]], ["Encryption", r.encrypted ? "AES-256" : "None"],
            ["Created", day(r.created)], [r.attached ? "Attached" : "Detached", r.switched && <When key="switched" at={r.switched} />],
          ]}
        />
      </Card>
      <Card>
        <Subtitle2 as="h2">Contents</Subtitle2>
        <Facts of={[["Backups", count(r.backups)], ["Recovery points", count(r.points)], ["Mail in all points", bytes(r.logicalBytes)], ["Numbers taken", <When key="measured" at={r.measured} />]]} />
      </Card>
      <Card>
        <Subtitle2 as="h2">Space</Subtitle2>
        <Facts
          of={[
            ["Stored", bytes(r.storedBytes)], ["Before compression", bytes(r.uniqueBytes)], ["Saved", s && `${s.toFixed(1)} times smaller than all points together`], ["Index", bytes(r.indexBytes)],
            ["Free on its disk", r.totalBytes > 0n && `${bytes(r.freeBytes)} of ${bytes(r.totalBytes)}`],
            ["Needed", r.survey && `${bytes(r.survey.neededBytes)}, measured ${day(r.survey.taken)}`], ["Reclaimable", r.survey && bytes(r.survey.garbageBytes)],
          ]}
        />
      </Card>
    </div>
  );
}
