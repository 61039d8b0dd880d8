import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { JobService, type Job } from "@/gen/holdfast/director/v1/job_pb";
import type { Run } from "@/gen/holdfast/director/v1/run_pb";
import { goesOn, RunBadge, runWord } from "@/pages/jobs/status";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { bytes, count, moment, span } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

const columns: DataColumn<Run>[] = [
  { key: "started", title: "Started", width: "11rem", cell: (r) => moment(r.started), value: (r) => r.started?.seconds },
  { key: "status", title: "Result", width: "8rem", cell: (r) => <RunBadge status={r.status} />, value: (r) => runWord(r.status) },
  { key: "took", title: "Took", width: "6.5rem", end: true, cell: (r) => span(r.took), value: (r) => r.took?.seconds },
  { key: "tasks", title: "Mailboxes", width: "minmax(10rem, 1fr)", cell: (r) => mailboxes(r), value: (r) => r.tasks },
  { key: "messages", title: "Messages", width: "7rem", end: true, above: 760, cell: (r) => count(r.progress?.messagesDone ?? 0n), value: (r) => r.progress?.messagesDone },
  { key: "new", title: "New data", width: "6.5rem", end: true, above: 860, cell: (r) => bytes(r.progress?.bytesNew ?? 0n), value: (r) => r.progress?.bytesNew },
  { key: "cause", title: "Started by", width: "minmax(8rem, 1fr)", above: 980, cell: (r) => r.cause || "A person", value: (r) => r.cause || "A person" },
];

function mailboxes(r: Run): string {
  const parts = [`${count(r.tasksDone)} of ${count(r.tasks)}`];
  if (r.tasksFailed > 0) parts.push(`${count(r.tasksFailed)} failed`);
  if (r.tasksIncomplete > 0) parts.push(`${count(r.tasksIncomplete)} incomplete`);
  return parts.join(", ");
}

/** The runs of a job, the newest first. */
export function Runs({ job }: { job: Job }) {
  const navigate = useNavigate();
  const runs = useQuery(JobService.method.listRuns, { jobId: job.id, limit: 1000 }, { refetchInterval: goesOn(job.lastStatus) ? 2_000 : 15_000 });
  return (
    <Loaded query={runs} what="The runs">
      {(data) => (
        <DataTable
          label="Runs" columns={columns} rows={data.runs} rowKey={(r) => r.id} sortedBy="-started" onOpen={(r) => void navigate(`/runs/${r.id}`)}
          empty="It has never run."
        />
      )}
    </Loaded>
  );
}
