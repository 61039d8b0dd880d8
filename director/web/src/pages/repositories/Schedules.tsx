import { useState } from "react";
import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, Spinner, Subtitle2, Switch, Text, tokens } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { RepositorySchedulesSchema, RepositoryService, RepositoryWork, type Repository, type RepositorySchedules } from "@/gen/holdfast/director/v1/inventory_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { moment } from "@/parts/format";
import { ScheduleEditor } from "@/parts/schedule/ScheduleEditor";
import { anyWrong, fresh } from "@/parts/schedule/schedules";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  section: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, maxWidth: "60rem" },
  head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  soft: { color: tokens.colorNeutralForeground2 },
  push: { marginLeft: "auto" },
  starts: { display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", columnGap: tokens.spacingHorizontalL, rowGap: tokens.spacingVerticalXS, margin: 0 },
  what: { margin: 0 },
  foot: { display: "flex", gap: tokens.spacingHorizontalS },
});

type Work = "verify" | "verifyFull" | "reclaim" | "detach" | "attach";

const works: { work: Work; title: string; about: string }[] = [
  { work: "verify", title: "Verify", about: "Looks whether everything that points need is there. Quick." },
  { work: "verifyFull", title: "Verify every byte", about: "Reads all of it, and compares. Takes as long as reading the disk does." },
  { work: "reclaim", title: "Reclaim space", about: "Frees the space of points that were deleted." },
  { work: "detach", title: "Detach", about: "So that the folder may be copied, or its disk taken away." },
  { work: "attach", title: "Attach", about: "Takes it into use again." },
];

const workNames: Record<RepositoryWork, string> = {
  [RepositoryWork.UNSPECIFIED]: "",
  [RepositoryWork.DETACH]: "Detach",
  [RepositoryWork.ATTACH]: "Attach",
  [RepositoryWork.VERIFY]: "Verify",
  [RepositoryWork.VERIFY_FULL]: "Verify every byte",
  [RepositoryWork.RECLAIM]: "Reclaim space",
};

/** What is done to a repository by the clock. */
export function Schedules({ repository: r }: { repository: Repository }) {
  const styles = useStyles();
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const [draft, setDraft] = useState<RepositorySchedules>(() => r.schedules ?? create(RepositorySchedulesSchema));
  const [changed, setChanged] = useState(false);
  const [typed, setTyped] = useState("");
  const save = useMutation(RepositoryService.method.setRepositorySchedules, {
    onSuccess: async (answer) => {
      setChanged(false);
      await refresh(RepositoryService);
      tell.done("The schedules were saved", answer.warnings.join(" "));
    },
  });
  const change = (part: Partial<RepositorySchedules>) => {
    setDraft({ ...draft, ...part });
    setChanged(true);
  };
  const wrong = works.map(({ work, title }) => { const text = anyWrong(draft[work]); return text && `${title}: ${text}`; }).find((text) => text);
  const unnamed = draft.recreate && typed !== r.name ? `Type “${r.name}”: its backups will be deleted at each attach.` : undefined;
  return (
    <>
      <Coming repository={r} />
      {works.map(({ work, title, about }) => (
        <section key={work} className={styles.section} aria-label={title}>
          <div className={styles.head}>
            <Subtitle2 as="h2">{title}</Subtitle2>
            <Text className={styles.soft}>{about}</Text>
            <Explained className={styles.push} size="small" icon={<AddRegular />} why={forbidden} onClick={() => change({ [work]: [...draft[work], fresh("weekly")] })}>Add a time</Explained>
          </div>
          {draft[work].map((s, i) => (
            <ScheduleEditor
              key={i} number={i + 1} schedule={s} startsOnly others={[]} onChange={(next) => change({ [work]: draft[work].map((x, n) => (n === i ? next : x)) })}
              onRemove={() => change({ [work]: draft[work].filter((_, n) => n !== i) })}
            />
          ))}
          {work === "detach" && draft.detach.length > 0 && (
            <Switch label="Pass over a time at which something is being done in it, instead of waiting" checked={draft.skipBusy} onChange={(_, d) => change({ skipBusy: d.checked })} />
          )}
          {work === "attach" && draft.attach.length > 0 && (
            <Switch label="Delete all backups in it at each attach, and begin it anew" checked={draft.recreate} onChange={(_, d) => change({ recreate: d.checked })} />
          )}
        </section>
      ))}
      {draft.recreate && (
        <div className={styles.section}>
          <MessageBar intent="warning" layout="multiline"><MessageBarBody>Each attach by schedule deletes every backup in this repository for ever. That is for disks that are changed in turn, and start empty.</MessageBarBody></MessageBar>
          <Field label={`Type “${r.name}” to go on`}><Input value={typed} autoComplete="off" onChange={(_, d) => setTyped(d.value)} /></Field>
        </div>
      )}
      {save.error && <FaultNote title="The schedules were not saved" error={save.error} />}
      <div className={styles.foot}>
        <Explained
          appearance="primary" why={forbidden ?? wrong ?? unnamed ?? (!changed && "Nothing was changed.")} icon={save.isPending ? <Spinner size="tiny" /> : undefined}
          onClick={() => save.mutate({ repositoryId: r.id, schedules: draft, confirmName: draft.recreate ? typed : "" })}
        >
          Save the schedules
        </Explained>
        {changed && <Button onClick={() => { setDraft(r.schedules ?? create(RepositorySchedulesSchema)); setChanged(false); }}>Undo the changes</Button>}
      </div>
    </>
  );
}

/** What waits, and what comes next. */
function Coming({ repository }: { repository: Repository }) {
  const styles = useStyles();
  const starts = useQuery(RepositoryService.method.listRepositoryStarts, { repositoryId: repository.id, limit: 5 }, { refetchInterval: 30_000 });
  const list = starts.data?.starts ?? [];
  if (list.length === 0) return <Text className={styles.soft}>Nothing is done to it by the clock. A quick verify each week and a full one each month are a good beginning.</Text>;
  return (
    <section className={styles.section} aria-label="Coming">
      <Subtitle2 as="h2">Coming</Subtitle2>
      <dl className={styles.starts}>
        {list.map((s) => (
          <div key={`${s.work} ${s.start?.seconds ?? 0n}`} style={{ display: "contents" }}>
            <dt className={styles.soft}>{moment(s.start)}</dt>
            <dd className={styles.what}>{workNames[s.work]}{s.waiting && `; it waits: ${s.waiting}`}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
