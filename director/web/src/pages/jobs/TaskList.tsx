import { useMemo } from "react";
import { Dropdown, Option, ProgressBar, SearchBox, Tooltip } from "@fluentui/react-components";
import { useNavigate, useSearchParams } from "react-router";
import { TaskStatus, type Run, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { countTasks, filterTasks, taskShows, taskText, type TaskShow } from "@/pages/jobs/filter";
import { goesOn, TaskBadge } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { bytes, capital, count, left, mailboxTitle, percent, span } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";

const columns: Column<Task>[] = [
  { key: "mailbox", title: "Mailbox", width: "minmax(10rem, 1.2fr)", cell: (t) => <Tooltip relationship="description" content={t.mailboxAddress || t.mailboxName}><span>{mailboxTitle(t)}</span></Tooltip> },
  { key: "status", title: "State", width: "8rem", cell: (t) => <TaskBadge status={t.status} /> },
  { key: "progress", title: "Progress", width: "7rem", cell: (t) => <Progress task={t} />, above: 620 },
  { key: "messages", title: "Messages", width: "6rem", end: true, cell: (t) => count(t.progress?.messagesDone ?? 0n) },
  { key: "new", title: "New data", width: "5.5rem", end: true, cell: (t) => bytes(t.progress?.bytesNew ?? 0n), above: 760 },
  { key: "took", title: "Took", width: "5.5rem", end: true, cell: (t) => span(t.took), above: 900 },
  { key: "what", title: "What it does, or why not", width: "minmax(10rem, 1.6fr)", cell: (t) => { const text = taskText(t); return text ? <Tooltip relationship="label" content={text}><span>{text}</span></Tooltip> : "—"; } },
];

function Progress({ task: t }: { task: Task }) {
  const p = t.progress;
  if (t.status !== TaskStatus.RUNNING || !p || p.messagesTotal === 0n) return <>{t.left ? capital(left(t.left)) : "—"}</>;
  const n = percent(p.messagesDone, p.messagesTotal);
  return <Tooltip relationship="description" content={t.left ? capital(left(t.left)) : `${n} %`}><ProgressBar aria-label={`Progress of ${t.mailboxName}`} value={n / 100} aria-valuenow={n} /></Tooltip>;
}

/** The mailboxes of a run, in the order of processing. */
export function TaskList({ run, tasks }: { run: Run; tasks: Task[] }) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const show = (params.get("show") ?? "all") as TaskShow;
  const q = params.get("q") ?? "";
  const set = (key: string, value: string) => setParams((p) => {
    if (value) p.set(key, value);
    else p.delete(key);
    return p;
  }, { replace: true });
  const numbers = useMemo(() => countTasks(tasks), [tasks]);
  const found = useMemo(() => filterTasks(tasks, show, q), [tasks, show, q]);
  const label = ([key, text]: [TaskShow, string]) => `${text} (${count(numbers[key])})`;
  return (
    <div className={styles.tall} style={{ gap: 12, minHeight: "24rem" }}>
      <div className={styles.bar}>
        <SearchBox className={styles.search} aria-label="Search mailboxes" placeholder="Search by name or address" value={q} onChange={(_, d) => set("q", d.value)} />
        <Dropdown
          className={styles.filter} aria-label="Which mailboxes" value={label(taskShows.find(([key]) => key === show) ?? ["all", "All"])} selectedOptions={[show]}
          onOptionSelect={(_, d) => set("show", d.optionValue === "all" ? "" : d.optionValue ?? "")}
        >
          {taskShows.map((s) => <Option key={s[0]} value={s[0]}>{label(s)}</Option>)}
        </Dropdown>
      </div>
      <Grid
        label="Mailboxes" columns={columns} count={found.length} row={(i) => found[i]} rowKey={(t) => t.id} rowHeight={40}
        onOpen={(t) => void navigate(`/runs/${run.id}/${encodeURIComponent(t.id)}`)}
        empty={q ? `No mailbox here contains “${q.trim()}”.` : tasks.length === 0 && goesOn(run.status) ? "The mailboxes are being read." : "None is like that."}
      />
    </div>
  );
}
