import { useMemo } from "react";
import { Card, Radio, RadioGroup, Spinner, Subtitle2 } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { JobSchema, type Job } from "@/gen/holdfast/director/v1/job_pb";
import { Forecast } from "@/pages/jobs/Forecast";
import { JobSummary } from "@/pages/jobs/JobSummary";
import { accountsOf, expand } from "@/pages/jobs/keys";
import { useMailboxes } from "@/pages/jobs/mailboxes";
import { MailboxPicker } from "@/pages/jobs/MailboxPicker";
import { hasFailed } from "@/pages/jobs/RunButton";
import { useJobStyles } from "@/pages/jobs/styles";

/** What the first run takes. */
export interface RunScope {
  of: "all" | "failed" | "chosen";
  /** With chosen, by account and id; see keyOf. */
  chosen: ReadonlySet<string>;
}

interface Props {
  draft: Job;
  scope: RunScope;
  onScope: (scope: RunScope) => void;
}

/** All that was set, how long runs will take, and what a run that is started at once takes. */
export function FinishStep({ draft, scope, onScope }: Props) {
  const styles = useJobStyles();
  // The estimate minds these alone; another name does not make it anew.
  const asked = useMemo(() => create(JobSchema, { id: draft.id, name: "Job", source: draft.source, options: draft.options, schedules: draft.schedules }), [draft.id, draft.source, draft.options, draft.schedules]);
  return (
    <>
      <JobSummary job={draft} />
      <section className={styles.stack} aria-label="How long runs will take">
        <Subtitle2 as="h2">How long runs will take</Subtitle2>
        <Forecast job={asked} />
      </section>
      <Card className={styles.card}>
        <Subtitle2 as="h2">If it is run at once</Subtitle2>
        <RadioGroup aria-label="Which mailboxes a first run takes" value={scope.of} onChange={(_, d) => onScope({ ...scope, of: d.value as RunScope["of"] })}>
          <Radio value="all" label="All mailboxes" />
          {draft.id !== "" && <Radio value="failed" disabled={!hasFailed(draft)} label={hasFailed(draft) ? "Mailboxes that failed in the last run" : "Mailboxes that failed in the last run (none did)"} />}
          <Radio value="chosen" label="Chosen mailboxes" />
        </RadioGroup>
        {scope.of === "chosen" && <Choose draft={draft} scope={scope} onScope={onScope} />}
      </Card>
    </>
  );
}

function Choose({ draft, scope, onScope }: Props) {
  const styles = useJobStyles();
  const known = useMailboxes(accountsOf(draft.source));
  const mailboxes = useMemo(() => expand(draft.source, known.lists, known.byKey), [draft.source, known]);
  if (known.pending) return <Spinner label="Reading mailboxes" style={{ alignSelf: "flex-start" }} />;
  return (
    <div className={styles.stack} style={{ height: "22rem" }}>
      <MailboxPicker label="Mailboxes of the first run" mailboxes={mailboxes} chosen={scope.chosen} onChoose={(chosen) => onScope({ ...scope, chosen })} />
    </div>
  );
}
