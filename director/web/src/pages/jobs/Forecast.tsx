import { durationMs, type Duration } from "@bufbuild/protobuf/wkt";
import { Card, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Subtitle2, Text } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { JobService, type Estimate, type EstimateJobResponse, type Job, type WindowFit } from "@/gen/holdfast/director/v1/job_pb";
import { useJobStyles } from "@/pages/jobs/styles";
import { Facts } from "@/parts/Facts";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, capital, count, counted, span } from "@/parts/format";
import { Role, useForbidden } from "@/session/me";

/** How long runs of a job will take, and whether they fit its windows. The job is stored, or yet to be. */
export function Forecast({ jobId, job }: { jobId?: string; job?: Job }) {
  const styles = useJobStyles();
  const forbidden = useForbidden(Role.OPERATOR);
  // It asks Microsoft: once, until something is changed.
  const estimate = useQuery(JobService.method.estimateJob, job ? { job } : { jobId }, { enabled: !forbidden, staleTime: Infinity, refetchOnWindowFocus: false });
  if (forbidden) return <Text>{forbidden} An estimate has Microsoft asked for the size of folders.</Text>;
  if (estimate.error) return <FaultNote title="There is no estimate" error={estimate.error} retry={() => void estimate.refetch()} />;
  if (!estimate.data) return <Spinner label="Counting messages at Microsoft. This takes up to half a minute." style={{ alignSelf: "flex-start" }} />;
  const e = estimate.data;
  return (
    <div className={styles.stack}>
      {e.windows.map((w) => <Fit key={w.text} window={w} first={e.newMailboxes > 0} />)}
      {!e.first && <MessageBar intent="info"><MessageBarBody>Nothing is known of any of these mailboxes yet, so there is no estimate.</MessageBarBody></MessageBar>}
      <div className={styles.cards}>
        {e.first && <Run title={e.newMailboxes === e.mailboxes ? "First run" : "Reading all mail anew"} of={e.first} />}
        {e.next && <Run title="Later runs" of={e.next} />}
        <Card>
          <Subtitle2 as="h3">How this is known</Subtitle2>
          <Basis of={e} />
        </Card>
      </div>
    </div>
  );
}

function Fit({ window: w, first }: { window: WindowFit; first: boolean }) {
  const length = span(w.window);
  if (w.firstFits && w.nextFits) {
    return <MessageBar intent="success" layout="multiline"><MessageBarBody><MessageBarTitle>Runs fit the window of {length}.</MessageBarTitle> {capital(w.text)}.</MessageBarBody></MessageBar>;
  }
  const text = !w.nextFits
    ? "Runs are stopped at its end, keep what they have, and go on with the next. Make it longer, or let more mailboxes be read at once."
    : first
      ? "The first run is stopped at its end, keeps what it has, and goes on with the next. Later runs fit."
      : "Later runs fit; reading all mail anew would not.";
  return (
    <MessageBar intent={w.nextFits && !first ? "info" : "warning"} layout="multiline">
      <MessageBarBody><MessageBarTitle>The window of {length} is too short{w.nextFits ? " for a first run" : ""}.</MessageBarTitle> {capital(w.text)}. {text}</MessageBarBody>
    </MessageBar>
  );
}

function Run({ title, of: e }: { title: string; of: Estimate }) {
  return (
    <Card>
      <Subtitle2 as="h3">{title}</Subtitle2>
      <Facts
        of={[
          ["Takes", about(e.likely)], ["Between", e.least && durationMs(e.least) < 1000 ? `0 and ${span(e.most)}` : `${span(e.least)} and ${span(e.most)}`], ["Messages", count(e.messages)], ["Data", bytes(e.bytes)],
          ["Requests to Microsoft", count(e.requests)],
          ["Longest", e.slowest[0] && `${e.slowest[0].mailboxName || "one mailbox"}, ${span(e.slowest[0].likely)}`],
        ]}
      />
    </Card>
  );
}

function Basis({ of: e }: { of: EstimateJobResponse }) {
  const styles = useJobStyles();
  return (
    <>
      <Facts
        of={[
          ["Mailboxes", `${count(e.mailboxes)}${e.newMailboxes > 0 ? `, ${count(e.newMailboxes)} of them new` : ""}`],
          ["Known from", `${counted(e.fromRuns, "earlier run")}, ${counted(e.measured, "count of folders", "counts of folders")}`],
          ["At once", counted(e.tasksAtOnce, "mailbox", "mailboxes")],
        ]}
      />
      {e.assumptions.length > 0 && (
        <ul className={styles.list}>{e.assumptions.map((a) => <li key={a}>{capital(a)}{/[.!?]$/.test(a) ? "" : "."}</li>)}</ul>
      )}
    </>
  );
}

function about(d: Duration | undefined): string {
  return d && durationMs(d) < 1000 ? "Under 1 s" : `About ${span(d)}`;
}
