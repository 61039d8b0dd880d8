import { useState } from "react";
import { Card, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { ArrowSyncRegular, DeleteRegular, EditRegular, PlugConnectedRegular } from "@fluentui/react-icons";
import { useMutation } from "@connectrpc/connect-query";
import { useNavigate, useParams } from "react-router";
import { refresh } from "@/api/refresh";
import { TransporterService, type Transporter } from "@/gen/holdfast/director/v1/inventory_pb";
import { EditTransporter } from "@/pages/transporters/EditTransporter";
import { concerns, useTransporters } from "@/pages/transporters/hooks";
import { State } from "@/pages/transporters/State";
import { Ways } from "@/pages/transporters/Ways";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { Facts } from "@/parts/Facts";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, count, day } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  cards: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(22rem, 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
});

/** One Transporter: its state, its load, and whether all ways to and from it work. */
export function TransporterPage() {
  const { id = "" } = useParams();
  const transporters = useTransporters();
  return (
    <Loaded query={transporters} what="The Transporter">
      {(data) => {
        const t = data.transporters.find((x) => x.id === id);
        return t ? <Shown transporter={t} /> : <Page title="There is no such Transporter" crumbs={[{ text: "Transporters", to: "/transporters" }]}><Text>It was removed, or the address is mistyped.</Text></Page>;
      }}
    </Loaded>
  );
}

function clock(t: Transporter): string {
  const off = Number(t.clockDifferenceMs);
  if (Math.abs(off) < 1000) return "Like the Director’s";
  return `${Math.abs(off) < 10_000 ? (Math.abs(off) / 1000).toFixed(1) : Math.round(Math.abs(off) / 1000)} s ${off > 0 ? "ahead of" : "behind"} the Director’s`;
}

function Shown({ transporter: t }: { transporter: Transporter }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const onlyAdmins = useForbidden(Role.ADMINISTRATOR);
  const onlyOperators = useForbidden(Role.OPERATOR);
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState(false);
  const again = useMutation(TransporterService.method.refreshTransporter, { onSuccess: () => refresh(TransporterService), onError: (e) => tell.failed("It does not answer", e) });
  const test = useMutation(TransporterService.method.testTransporter);
  const remove = useMutation(TransporterService.method.removeTransporter);
  return (
    <Page
      title={t.name} crumbs={[{ text: "Transporters", to: "/transporters" }]} about={<State transporter={t} />}
      actions={
        <>
          <Explained icon={test.isPending ? <Spinner size="tiny" /> : <PlugConnectedRegular />} why={onlyOperators ?? (test.isPending && "The test is under way.")} onClick={() => test.mutate({ transporterId: t.id })}>Test connections</Explained>
          <Explained icon={again.isPending ? <Spinner size="tiny" /> : <ArrowSyncRegular />} why={onlyOperators ?? (again.isPending && "It is being asked.")} onClick={() => again.mutate({ transporterId: t.id })}>Refresh</Explained>
          <Explained icon={<EditRegular />} why={onlyAdmins} onClick={() => setEditing(true)}>Edit</Explained>
          <Explained icon={<DeleteRegular />} why={onlyAdmins} onClick={() => setRemoving(true)}>Remove</Explained>
        </>
      }
    >
      {!t.reachable && (
        <MessageBar intent="error" layout="multiline"><MessageBarBody><MessageBarTitle>It is out of reach.</MessageBarTitle> {t.error}</MessageBarBody></MessageBar>
      )}
      {t.reachable && concerns(t).map((c) => <MessageBar key={c} intent="warning"><MessageBarBody>{c}</MessageBarBody></MessageBar>)}
      {test.error && <FaultNote title="The connections could not be tested" error={test.error} />}
      {test.data && <Ways ways={test.data.ways} />}
      <div className={styles.cards}>
        <Card>
          <Subtitle2 as="h2">Machine</Subtitle2>
          <Facts
            of={[
              ["Address", t.address], ["Host for transfers", t.transferHost], ["Host name", t.hostname], ["System", t.os && `${t.os}, ${t.arch}`], ["Version", t.version],
              ["Processors", t.cpus > 0 && count(t.cpus)], ["Memory", t.memoryBytes > 0n && bytes(t.memoryBytes)],
              ["Disk of its data folder", t.totalBytes > 0n && `${bytes(t.freeBytes)} of ${bytes(t.totalBytes)} free`],
            ]}
          />
        </Card>
        <Card>
          <Subtitle2 as="h2">State</Subtitle2>
          <Facts
            of={[
              ["Last seen", <When key="seen" at={t.seen} />], ["Tasks", t.maxTasks > 0 ? `${t.tasksRunning} running, at most ${t.maxTasks}` : `${t.tasksRunning} running, as many at once as jobs ask for`], ["Clock", t.reachable && clock(t)],
              ["Certificate", t.certificateExpires && `until ${day(t.certificateExpires)}, renewed by itself`],
            ]}
          />
        </Card>
      </div>
      <EditTransporter open={editing} transporter={t} onClose={() => setEditing(false)} />
      <Confirm
        open={removing} title={`Remove ${t.name}?`} action="Remove the Transporter" onClose={() => setRemoving(false)}
        onConfirm={async () => {
          await remove.mutateAsync({ transporterId: t.id });
          await navigate("/transporters"); // first, or this page says for a moment that there is no such Transporter
          await refresh(TransporterService);
        }}
      >
        The Director forgets it, and it obeys the Director no longer. What lies on its disks stays there. A Transporter that still has repositories cannot be removed.
      </Confirm>
    </Page>
  );
}
