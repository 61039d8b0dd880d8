import { Badge, Card, MessageBar, MessageBarBody, MessageBarTitle, Subtitle2, Text } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import { WaitKind, type Run, type ScriptResult } from "@/gen/holdfast/director/v1/run_pb";
import { goesOn } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { sentence } from "@/api/fault";
import { bytes, counted, moment } from "@/parts/format";

/** What holds a run up, went wrong with it as a whole, or was noted as it went; and its scripts. */
export function RunNotes({ run }: { run: Run }) {
  const styles = useJobStyles();
  return (
    <>
      {run.error && <MessageBar intent="error" layout="multiline"><MessageBarBody><MessageBarTitle>The run failed.</MessageBarTitle> {sentence(run.error)}</MessageBarBody></MessageBar>}
      {run.waiting && <MessageBar intent="warning" layout="multiline"><MessageBarBody><MessageBarTitle>Nothing can be begun now.</MessageBarTitle> {sentence(run.waiting)}</MessageBarBody></MessageBar>}
      {goesOn(run.status) && run.waits.filter((w) => w.kind !== WaitKind.SLOT).length > 0 && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>Some mailboxes wait.</MessageBarTitle>
            <ul className={styles.list}>
              {run.waits.filter((w) => w.kind !== WaitKind.SLOT).map((w) => <li key={w.text}>{counted(w.tasks, "mailbox", "mailboxes")}: {sentence(w.text)}</li>)}
            </ul>
          </MessageBarBody>
        </MessageBar>
      )}
      {run.notes.length > 0 && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>What was noted</MessageBarTitle>
            <ul className={styles.list}>{run.notes.map((n) => <li key={n}>{sentence(n)}</li>)}</ul>
          </MessageBarBody>
        </MessageBar>
      )}
      <Scripts run={run} />
    </>
  );
}

/** The scripts before and after a run, with what they wrote. They are read anew when the run comes to another phase. */
function Scripts({ run }: { run: Run }) {
  const styles = useJobStyles();
  const whole = useQuery(JobService.method.getRun, { runId: run.id }, { refetchInterval: run.phase ? 2_000 : false });
  const scripts = whole.data?.run?.scripts ?? [];
  if (scripts.length === 0) return null;
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">Scripts</Subtitle2>
      {scripts.map((s) => (
        <div key={s.when} className={styles.tight}>
          <span className={styles.cell}><Result of={s} /> <Text><strong>{s.when === "before" ? "Before the run" : "After the run"}:</strong> <code>{s.path}</code></Text></span>
          <Text className={styles.soft}>
            {moment(s.started)}{s.ended && `, exit code ${s.exitCode}`}{s.detached && ", not waited for"}{s.required && ", its failure fails the run"}
          </Text>
          {s.error && <Text>{sentence(s.error)}</Text>}
          {s.output && <pre className={styles.pre} tabIndex={0} aria-label="What it wrote">{s.output}</pre>}
          {s.dropped > 0n && <Text className={styles.soft}>{bytes(s.dropped)} in the middle are left out.</Text>}
        </div>
      ))}
    </Card>
  );
}

function Result({ of: s }: { of: ScriptResult }) {
  if (s.error) return <Badge color={s.required ? "danger" : "warning"} appearance="tint">Failed</Badge>;
  if (!s.ended && !s.detached) return <Badge color="brand" appearance="tint">Running</Badge>;
  return <Badge color="success" appearance="tint">{s.detached ? "Started" : "Successful"}</Badge>;
}
