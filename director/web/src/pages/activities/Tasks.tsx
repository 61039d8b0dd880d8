import { useMemo, useState } from "react";
import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, OverlayDrawer, SearchBox, Tab, TabList, tokens } from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { TaskStatus, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { TaskState } from "@/pages/activities/Status";
import { TaskDetail } from "@/pages/activities/TaskDetail";
import { useTasks } from "@/pages/activities/useTasks";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { FaultNote } from "@/parts/FaultNote";
import { count, mailboxTitle, percent, span } from "@/parts/format";

const useStyles = makeStyles({ top: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, alignItems: "center" } });

const troubled = new Set([TaskStatus.FAILED, TaskStatus.INCOMPLETE, TaskStatus.RETRYING]);

function done(t: Task): string {
  const p = t.progress;
  if (!p) return "";
  if (t.status === TaskStatus.RUNNING && p.messagesTotal > 0n) return `${count(p.messagesDone)} of ${count(p.messagesTotal)}, ${percent(p.messagesDone, p.messagesTotal)} %`;
  return p.messagesDone > 0n ? count(p.messagesDone) : "";
}

const columns: DataColumn<Task>[] = [
  { key: "mailbox", title: "Mailbox", width: "minmax(9rem, 2fr)", cell: (t) => (t.source && t.source.mailboxId !== t.mailboxId ? `${t.source.mailboxName} into ${t.mailboxName}` : mailboxTitle(t)), value: (t) => t.source?.mailboxName || mailboxTitle(t) },
  { key: "status", title: "Status", width: "8rem", cell: (t) => <TaskState status={t.status} />, value: (t) => t.status },
  { key: "messages", title: "Messages", width: "minmax(6rem, 1fr)", above: 560, cell: done, value: (t) => t.progress?.messagesDone },
  { key: "what", title: "What it says", width: "minmax(8rem, 3fr)", above: 700, cell: (t) => <span title={t.error || t.waiting}>{t.error || t.waiting || (t.status === TaskStatus.RUNNING ? t.phase : "")}</span>, value: (t) => t.error || t.waiting },
  { key: "took", title: "Took", width: "6rem", above: 460, end: true, cell: (t) => span(t.took), value: (t) => t.took?.seconds },
];

/** The mailboxes of a run or a recovery of several: how each stands, and all about one of them. */
export function Tasks({ run, live }: { run: string; live: boolean }) {
  const styles = useStyles();
  const { tasks, error } = useTasks(run, live);
  const [search, setSearch] = useState("");
  const [only, setOnly] = useState("");
  const [open, setOpen] = useState("");
  const rows = useMemo(
    () => tasks.filter((t) => (only === "trouble" ? troubled.has(t.status) : only === "running" ? t.status === TaskStatus.RUNNING : true)), [tasks, only],
  );
  const shown = tasks.find((t) => t.id === open);
  return (
    <>
      <div className={styles.top}>
        <TabList size="small" selectedValue={only} onTabSelect={(_, d) => setOnly(String(d.value))} aria-label="Which mailboxes">
          <Tab value="">All</Tab>
          {live && <Tab value="running">Running</Tab>}
          <Tab value="trouble">With problems</Tab>
        </TabList>
        <SearchBox aria-label="Search mailboxes" placeholder="Name" value={search} onChange={(_, d) => setSearch(d.value)} />
      </div>
      {error != null && <FaultNote title="The mailboxes could not be read" error={error} />}
      <DataTable
        label="Mailboxes" columns={columns} rows={rows} rowKey={(t) => t.id} search={search} onOpen={(t) => setOpen(t.id)} current={open}
        empty={only === "trouble" ? "No mailbox has a problem." : "There are no mailboxes here."}
      />
      <OverlayDrawer position="end" size="medium" open={shown !== undefined} onOpenChange={(_, d) => { if (!d.open) setOpen(""); }} aria-label="Mailbox">
        <DrawerHeader>
          <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={() => setOpen("")} />}>
            {shown && mailboxTitle(shown)}
          </DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>{shown && <TaskDetail task={shown} />}</DrawerBody>
      </OverlayDrawer>
    </>
  );
}
