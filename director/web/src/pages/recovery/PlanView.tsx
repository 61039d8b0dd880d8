import { useState } from "react";
import { createClient } from "@connectrpc/connect";
import { Dropdown, Field, makeStyles, mergeClasses, MessageBar, MessageBarBody, Option, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { transport } from "@/api/transport";
import type { Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import { RecoveryService, type PlanFolder, type PlanItem, type RecoveryReport } from "@/gen/holdfast/director/v1/recovery_pb";
import { sender, subjectOf } from "@/pages/recovery/words";
import { count, counted, moment } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";
import { usePages } from "@/parts/usePages";

const client = createClient(RecoveryService, transport);

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, flexGrow: 1, minHeight: "22rem" },
  tiles: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, margin: 0 },
  tile: { display: "flex", flexDirection: "column-reverse", minWidth: "8rem", padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`, borderRadius: tokens.borderRadiusMedium, border: `1px solid ${tokens.colorNeutralStroke2}` },
  number: { fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600, fontWeight: tokens.fontWeightSemibold, margin: 0, fontVariantNumeric: "tabular-nums" },
  bad: { color: tokens.colorStatusDangerForeground1 },
  soft: { color: tokens.colorNeutralForeground2 },
});

interface Row {
  item: PlanItem;
  index: number;
}

const actions: { key: string; title: string; does: string; count: (r: RecoveryReport) => bigint }[] = [
  { key: "create", title: "Create", does: "Create", count: (r) => r.created },
  { key: "skip", title: "Skip", does: "Skip, it is there", count: (r) => r.skipped },
  { key: "rename", title: "Rename", does: "Bring back beside", count: (r) => r.renamed },
  { key: "overwrite", title: "Overwrite", does: "Overwrite", count: (r) => r.overwritten },
  { key: "impossible", title: "Impossible", does: "Impossible", count: (r) => r.failed },
];

/** What a plan found: how many messages would be created, skipped, renamed and overwritten, and which. */
export function PlanView({ activity }: { activity: Activity }) {
  const styles = useStyles();
  const [task, setTask] = useState("");
  const r = activity.recovery;
  const several = activity.tasks > 1;
  return (
    <div className={styles.root}>
      {r && (
        <dl className={styles.tiles} aria-label="What would be done">
          {actions.map((a) => (
            <div key={a.key} className={styles.tile}>
              <dt className={styles.soft}>{a.title}</dt>
              <dd className={mergeClasses(styles.number, a.key === "impossible" && a.count(r) > 0n && styles.bad)}>{count(a.count(r))}</dd>
            </div>
          ))}
          {r.foldersCreated > 0n && (
            <div className={styles.tile}>
              <dt className={styles.soft}>New folders</dt>
              <dd className={styles.number}>{count(r.foldersCreated)}</dd>
            </div>
          )}
        </dl>
      )}
      {r && r.skipped > 0n && r.created + r.renamed + r.overwritten === 0n && (
        <MessageBar>
          <MessageBarBody>
            Nothing would come back: what you chose is still in the mailbox. What was deleted before this recovery point was made is
            in an older one. For a copy beside it, go back to the options and
            choose “Rename”, another mailbox, or a new folder.
          </MessageBarBody>
        </MessageBar>
      )}
      {several && <TaskChoice activity={activity.id} value={task} onChange={setTask} />}
      {(!several || task) && <Lines activity={activity.id} task={task} report={several ? undefined : r} />}
      {several && !task && <Text>Choose a mailbox to see its messages.</Text>}
    </div>
  );
}

function TaskChoice({ activity, value, onChange }: { activity: string; value: string; onChange: (id: string) => void }) {
  const query = useQuery(JobService.method.getRun, { runId: activity, tasks: true, pageSize: 1000 });
  const tasks = query.data?.tasks ?? [];
  const name = tasks.find((t) => t.id === value);
  return (
    <Field label="Mailbox" style={{ maxWidth: "24rem" }}>
      <Dropdown value={name ? name.mailboxName : ""} placeholder="Choose a mailbox" selectedOptions={[value]} onOptionSelect={(_, d) => onChange(d.optionValue ?? "")}>
        {tasks.map((t) => <Option key={t.id} value={t.id} text={t.mailboxName}>{t.source?.mailboxName && t.source.mailboxName !== t.mailboxName ? `${t.source.mailboxName} into ${t.mailboxName}` : t.mailboxName}</Option>)}
      </Dropdown>
    </Field>
  );
}

function Lines({ activity, task, report }: { activity: string; task: string; report: RecoveryReport | undefined }) {
  const styles = useStyles();
  const [what, setWhat] = useState("");
  const [beyond, setBeyond] = useState(0n);
  const folders = what === "folders";
  const pages = usePages({
    key: ["plan", activity, task, what], enabled: !folders,
    read: async (offset, limit, signal) => {
      const page = await client.listPlan({ activityId: activity, taskId: task, action: what, offset: BigInt(offset), limit }, { signal });
      setBeyond(page.beyond);
      return { rows: page.items.map((item, i): Row => ({ item, index: offset + i })), total: Number(page.total) };
    },
  });
  const columns: Column<Row>[] = [
    { key: "does", title: "Action", width: "9.5rem", cell: ({ item }) => actions.find((a) => a.key === item.action)?.does ?? item.action },
    {
      key: "subject", title: "Message", width: "minmax(10rem, 3fr)",
      cell: ({ item }) => (item.reason ? <span title={item.reason}>{item.message?.id ? `${subjectOf(item.message)}: ` : `${counted(item.count, "message")}: `}{item.reason}</span> : subjectOf(item.message ?? { subject: "" })),
    },
    { key: "from", title: "From", width: "minmax(6rem, 1fr)", above: 700, cell: ({ item }) => sender(item.message?.from) },
    { key: "received", title: "Received", width: "11rem", above: 860, cell: ({ item }) => moment(item.message?.received) },
    { key: "to", title: "Into", width: "minmax(6rem, 1.5fr)", above: 520, cell: ({ item }) => item.to.join(" › ") },
  ];
  return (
    <>
      <TabList selectedValue={what} onTabSelect={(_, d) => setWhat(String(d.value))} size="small" aria-label="Lines of the plan">
        <Tab value="">All messages</Tab>
        {actions.filter((a) => !report || a.count(report) > 0n).map((a) => <Tab key={a.key} value={a.key}>{a.title}</Tab>)}
        <Tab value="folders">Folders</Tab>
      </TabList>
      {folders ? <Folders activity={activity} task={task} /> : (
        <>
          {pages.error != null && <FaultNote title="The plan could not be read" error={pages.error} retry={pages.retry} />}
          <Grid<Row>
            label="Messages of the plan" columns={columns} count={pages.count} row={pages.row} rowKey={(r) => String(r.index)} onShow={pages.onShow} rowHeight={36}
            empty={pages.pending ? "Loading…" : "There are no messages here."}
          />
          {beyond > 0n && <Text className={styles.soft}>{counted(beyond, "message is", "messages are")} beyond what a plan lists; they are counted all the same.</Text>}
        </>
      )}
    </>
  );
}

const verdicts: Record<string, string> = { create: "New", merge: "Merge into it", rename: "Recover beside it" };

function Folders({ activity, task }: { activity: string; task: string }) {
  const pages = usePages({
    key: ["plan folders", activity, task],
    read: async (offset, limit, signal) => {
      const page = await client.listPlan({ activityId: activity, taskId: task, folders: true, offset: BigInt(offset), limit }, { signal });
      return { rows: page.folders, total: Number(page.total) };
    },
  });
  const columns: Column<PlanFolder>[] = [
    { key: "folder", title: "Folder", width: "minmax(9rem, 2fr)", cell: (f) => f.folder.join(" › ") },
    { key: "verdict", title: "Action", width: "9.5rem", cell: (f) => verdicts[f.verdict] ?? f.verdict },
    { key: "to", title: "Into", width: "minmax(8rem, 2fr)", above: 620, cell: (f) => f.to.join(" › ") },
    {
      key: "count", title: "Messages", width: "minmax(8rem, 1.5fr)", above: 440,
      cell: (f) => [[f.create, "create"], [f.skip, "skip"], [f.rename, "rename"], [f.overwrite, "overwrite"], [f.impossible, "impossible"]]
        .filter(([n]) => (n as bigint) > 0n).map(([n, does]) => `${count(n as bigint)} ${String(does)}`).join(", ") || "none",
    },
  ];
  return (
    <>
      {pages.error != null && <FaultNote title="The folders of the plan could not be read" error={pages.error} retry={pages.retry} />}
      <Grid<PlanFolder>
        label="Folders of the plan" columns={columns} count={pages.count} row={pages.row} rowKey={(f) => `${f.folderId} ${f.to.join("/")}`} onShow={pages.onShow} rowHeight={36}
        empty={pages.pending ? "Loading…" : "There are no folders here."}
      />
    </>
  );
}
