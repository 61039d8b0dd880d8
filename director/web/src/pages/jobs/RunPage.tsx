import { useEffect, useMemo, useState } from "react";
import { Card, ProgressBar, Spinner, Subtitle2, Text } from "@fluentui/react-components";
import { ArrowClockwiseRegular, StopRegular } from "@fluentui/react-icons";
import { Code, ConnectError } from "@connectrpc/connect";
import { useParams } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { RunStatus, type Run, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { jobsChanged } from "@/pages/jobs/api";
import { countTasks } from "@/pages/jobs/filter";
import { useJob } from "@/pages/jobs/hooks";
import { StopRun } from "@/pages/jobs/JobDialogs";
import { RunNotes } from "@/pages/jobs/RunNotes";
import { goesOn, RunBadge } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { TaskList } from "@/pages/jobs/TaskList";
import { useJobActions, useWhyNotRun } from "@/pages/jobs/useJobActions";
import { useRunTasks } from "@/pages/jobs/useRunTasks";
import { Explained } from "@/parts/Explained";
import { Facts } from "@/parts/Facts";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, capital, clock, count, counted, left, moment, span } from "@/parts/format";
import { Page } from "@/parts/Page";
import { Role, useForbidden } from "@/session/me";

/** One run, as it goes: its progress, what holds it up, and each mailbox. */
export function RunPage() {
  const { id = "" } = useParams();
  const { run, tasks, error } = useRunTasks(id);
  const runId = run?.id;
  const job = useJob(run?.jobId ?? "");
  const [stopping, setStopping] = useState(false);
  const live = run !== undefined && goesOn(run.status);
  useEffect(() => {
    // What else is on the screen knows of the end, too.
    if (runId && !live) void jobsChanged();
  }, [runId, live]);
  const onlyOperators = useForbidden(Role.OPERATOR);
  const crumbs = [{ text: "Jobs", to: "/jobs" }, ...(run ? [{ text: run.jobName, to: `/jobs/${run.jobId}` }] : [])];
  if (error && ConnectError.from(error).code === Code.NotFound) {
    return <Page title="There is no such run" crumbs={crumbs}><Text>Old runs are removed from the history after a while; or the address is mistyped.</Text></Page>;
  }
  if (!run) {
    return <Page title="Run" crumbs={crumbs}>{error ? <FaultNote title="The run could not be read" error={error} /> : <Spinner label="Loading" style={{ margin: "auto" }} />}</Page>;
  }
  return (
    <Page
      title={`${run.jobName}, ${moment(run.started)}`} crumbs={crumbs}
      about={<><RunBadge status={run.status} /> Started {run.cause ? `by ${run.cause}` : "by a person"}</>}
      actions={
        goesOn(run.status) ? (
          <Explained
            icon={<StopRegular />} why={onlyOperators} onClick={() => setStopping(true)}
          >
            {run.status === RunStatus.STOPPING ? "Stop now" : "Stop"}
          </Explained>
        ) : (
          job.data?.job && <Again run={run} job={job.data.job} />
        )
      }
    >
      {error !== undefined && <FaultNote title="The run cannot be followed" error={error} />}
      <Overview run={run} tasks={tasks} />
      <RunNotes run={run} />
      <TaskList run={run} tasks={tasks} />
      {stopping && <StopRun runId={run.id} name={run.jobName} onClose={() => setStopping(false)} />}
    </Page>
  );
}

function Again({ run, job }: { run: Run; job: Job }) {
  const { runAndShow } = useJobActions();
  const why = useWhyNotRun()(job);
  const missing = run.tasksFailed > 0 || run.status === RunStatus.STOPPED;
  return (
    <>
      {missing && job.lastRunId === run.id && (
        <Explained icon={<ArrowClockwiseRegular />} appearance="primary" why={why} onClick={() => void runAndShow(job, { failedOnly: true })}>
          {run.status === RunStatus.STOPPED ? "Run those that are missing" : "Run those that failed"}
        </Explained>
      )}
      <Explained icon={<ArrowClockwiseRegular />} why={why} onClick={() => void runAndShow(job)}>Run all again</Explained>
    </>
  );
}

function Overview({ run, tasks }: { run: Run; tasks: Task[] }) {
  const styles = useJobStyles();
  const p = run.progress;
  const live = goesOn(run.status);
  const n = useMemo(() => countTasks(tasks), [tasks]);
  return (
    <Card className={styles.card}>
      <div className={styles.tight}>
        <div className={styles.bar}>
          <Subtitle2 as="h2">{live ? `${count(run.tasksDone)} of ${counted(run.tasks, "mailbox", "mailboxes")} done` : counted(run.tasks, "mailbox", "mailboxes")}</Subtitle2>
          <Text className={styles.soft}>
            {[
              n.successful > 0 && `${count(n.successful)} successful`, run.tasksIncomplete > 0 && `${count(run.tasksIncomplete)} incomplete`, run.tasksFailed > 0 && `${count(run.tasksFailed)} failed`,
              n.stopped > 0 && `${count(n.stopped)} stopped`, run.tasksRunning > 0 && `${count(run.tasksRunning)} running`, run.tasksRetrying > 0 && `${count(run.tasksRetrying)} to be tried again`,
            ].filter(Boolean).join(", ")}
          </Text>
          {live && <Text className={styles.push}>{run.left ? capital(left(run.left)) : run.phase ? capital(run.phase) : "The time left is not known yet"}</Text>}
        </div>
        <ProgressBar
          value={share(run)} thickness="large" aria-label="Progress of the run" aria-valuenow={Math.round(share(run) * 100)} aria-valuemin={0} aria-valuemax={100}
          color={run.status === RunStatus.FAILED ? "error" : run.status === RunStatus.INCOMPLETE || run.status === RunStatus.STOPPED ? "warning" : run.status === RunStatus.SUCCEEDED ? "success" : "brand"}
        />
      </div>
      <div className={styles.facts}>
        <Facts
          of={[
            ["Started", moment(run.started)], ["Ended", run.ended && moment(run.ended)], [live ? "Has taken" : "Took", span(run.took)],
            ["Is stopped at", live && run.stopAt && clock(run.stopAt)], ["Now", run.phase],
          ]}
        />
        <Facts
          of={[
            ["Messages", p && `${count(p.messagesDone)}${p.messagesTotal > p.messagesDone ? ` of ${count(p.messagesTotal)}` : ""}`],
            ["Changed", p && p.messagesChanged > 0n && counted(p.messagesChanged, "message")], ["Deleted since", p && p.messagesDeleted > 0n && counted(p.messagesDeleted, "message")],
            ["Read", p && bytes(p.bytesRead)], ["New data", p && bytes(p.bytesNew)],
          ]}
        />
        <Facts
          of={[
            ["Speed", run.pace && `${count(Math.round(run.pace.messagesPerSecond))} messages/s, ${bytes(run.pace.bytesPerSecond)}/s`],
            ["Attachments", p && p.attachments > 0n && count(p.attachments)], ["Requests to Microsoft", p && count(p.requests)],
          ]}
        />
      </div>
    </Card>
  );
}

/** How much of a run is done, 0 to 1. */
function share(run: Run): number {
  if (run.tasks === 0) return goesOn(run.status) ? 0 : 1;
  return Math.min(1, run.tasksDone / run.tasks);
}
