import { Card, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Subtitle2, Text } from "@fluentui/react-components";
import { ArrowCounterclockwiseRegular, ArrowClockwiseRegular } from "@fluentui/react-icons";
import { useNavigate, useParams } from "react-router";
import { sentence } from "@/api/fault";
import { TaskStatus, type Run, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { useJob, useNames } from "@/pages/jobs/hooks";
import { Ledger } from "@/pages/jobs/Ledger";
import { Losses } from "@/pages/jobs/Losses";
import { taskEnded, TaskBadge } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { useJobActions, useWhyNotRun } from "@/pages/jobs/useJobActions";
import { useRunTasks } from "@/pages/jobs/useRunTasks";
import { Explained } from "@/parts/Explained";
import { Facts } from "@/parts/Facts";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, count, mailboxTitle, moment, span } from "@/parts/format";
import { Page } from "@/parts/Page";
import { Role, useForbidden } from "@/session/me";

/** One mailbox of a run: how it went, what could not be kept and why, and how it compares with the tenant. */
export function TaskPage() {
  const { id = "", task: taskId = "" } = useParams();
  const { run, tasks, error, ended } = useRunTasks(id);
  const task = tasks.find((t) => t.id === taskId);
  const crumbs = [{ text: "Jobs", to: "/jobs" }, ...(run ? [{ text: run.jobName, to: `/jobs/${run.jobId}` }, { text: `Run of ${moment(run.started)}`, to: `/runs/${run.id}` }] : [])];
  if (run && task) return <Shown run={run} task={task} crumbs={crumbs} />;
  return (
    <Page title="Mailbox of a run" crumbs={crumbs}>
      {error ? <FaultNote title="The run could not be read" error={error} /> : ended || (run && tasks.length >= run.tasks) ? <Text>This run has no such mailbox. The address may be mistyped.</Text> : <Spinner label="Loading" style={{ margin: "auto" }} />}
    </Page>
  );
}

function Shown({ run, task: t, crumbs }: { run: Run; task: Task; crumbs: { text: string; to: string }[] }) {
  const styles = useJobStyles();
  const names = useNames();
  const navigate = useNavigate();
  const job = useJob(run.jobId).data?.job;
  const { runAndShow } = useJobActions();
  const whyNotRun = useWhyNotRun();
  const onlyOperators = useForbidden(Role.OPERATOR);
  const p = t.progress;
  return (
    <Page
      title={mailboxTitle(t)} crumbs={crumbs} about={<><TaskBadge status={t.status} /> {t.mailboxAddress}</>}
      actions={
        <>
          {t.pointId && (
            <Explained icon={<ArrowCounterclockwiseRegular />} why={onlyOperators} onClick={() => void navigate(`/recovery/new/backup?${new URLSearchParams({ repository: t.repositoryId, account: t.accountId, mailbox: t.mailboxId, point: t.pointId }).toString()}`)}>Recover from it</Explained>
          )}
          {job && taskEnded(t.status) && (
            <Explained icon={<ArrowClockwiseRegular />} why={whyNotRun(job)} onClick={() => void runAndShow(job, { mailboxIds: [t.mailboxId] })}>Run this mailbox again</Explained>
          )}
        </>
      }
    >
      {t.error && (
        <MessageBar intent={t.status === TaskStatus.RETRYING ? "warning" : "error"} layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{t.status === TaskStatus.RETRYING ? "It will be tried again." : "It failed."}</MessageBarTitle> {sentence(t.error)}
            {t.requestId && <> Microsoft’s request-id: {t.requestId}</>}
          </MessageBarBody>
        </MessageBar>
      )}
      {t.waiting && <MessageBar intent="info" layout="multiline"><MessageBarBody><MessageBarTitle>It waits.</MessageBarTitle> {sentence(t.waiting)}</MessageBarBody></MessageBar>}
      <div className={styles.cards}>
        <Card>
          <Subtitle2 as="h2">What was done</Subtitle2>
          <Facts
            of={[
              ["Messages", p && `${count(p.messagesDone)}${p.messagesTotal > p.messagesDone ? ` of ${count(p.messagesTotal)}` : ""}`],
              ["Folders", p && `${count(p.foldersDone)} of ${count(p.foldersTotal)}`], ["Attachments", p && count(p.attachments)],
              ["Changed", p && p.messagesChanged > 0n && count(p.messagesChanged)], ["Deleted since", p && p.messagesDeleted > 0n && count(p.messagesDeleted)],
              ["Read", p && bytes(p.bytesRead)], ["New data", p && bytes(p.bytesNew)], ["Requests to Microsoft", p && count(p.requests)],
            ]}
          />
        </Card>
        <Card>
          <Subtitle2 as="h2">How it went</Subtitle2>
          <Facts
            of={[
              ["Started", t.started && moment(t.started)], ["Ended", t.ended && moment(t.ended)], ["Worked for", t.took && span(t.took)], ["Left", t.left && `About ${span(t.left)}`],
              ["Now", !taskEnded(t.status) && t.phase], ["Read by", t.transporterId && (names.transporters.get(t.transporterId) ?? "a Transporter that is gone")],
              ["Into", names.repositories.get(t.repositoryId) ?? "a repository that is gone"], ["Try", t.attempt > 1 && count(t.attempt)],
              ["Next try", t.nextTry && moment(t.nextTry)],
            ]}
          />
        </Card>
        {t.tries.length > 0 && (
          <Card>
            <Subtitle2 as="h2">Earlier tries that failed</Subtitle2>
            <ul className={styles.list}>
              {t.tries.map((x) => (
                <li key={x.attempt}>{moment(x.ended)}: {sentence(x.error)}{x.requestId && ` Microsoft’s request-id: ${x.requestId}`}</li>
              ))}
            </ul>
          </Card>
        )}
      </div>
      {t.losses.length > 0 && <Losses losses={t.losses} more={t.lossesMore} />}
      {t.pointId ? <Ledger taskId={t.id} /> : taskEnded(t.status) && <Text>There is no recovery point of this run, so there is nothing to compare the mailbox with.</Text>}
    </Page>
  );
}
