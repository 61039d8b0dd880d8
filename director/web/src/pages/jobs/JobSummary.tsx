import { Fragment, useMemo } from "react";
import { Card, Link, MessageBar, MessageBarBody, Subtitle2 } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import { WhenDetached, type Job, type Script } from "@/gen/holdfast/director/v1/job_pb";
import { describe } from "@/pages/jobs/describe";
import { useJobs, useNames } from "@/pages/jobs/hooks";
import { RunBadge } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { keepsText, reportsText, scriptText, sourceText } from "@/pages/jobs/words";
import { Facts } from "@/parts/Facts";
import { capital, counted, spanOfSeconds } from "@/parts/format";
import { When } from "@/parts/When";

/** Everything that is set of a job; of one that is not saved, too. */
export function JobSummary({ job }: { job: Job }) {
  const styles = useJobStyles();
  const names = useNames();
  const navigate = useNavigate();
  const jobs = useJobs().data?.jobs;
  const jobNames = useMemo(() => new Map((jobs ?? []).map((j) => [j.id, j.name])), [jobs]);
  const repository = (id: string) => names.repositories.get(id) ?? "a repository that is gone";
  const d = job.destination;
  const o = job.options;
  const perMailbox = new Map<string, number>();
  for (const m of d?.mailboxes ?? []) perMailbox.set(m.repositoryId, (perMailbox.get(m.repositoryId) ?? 0) + 1);
  return (
    <div className={styles.stack}>
      {job.draft && job.id && <MessageBar intent="info"><MessageBarBody>This is a draft: it neither starts nor runs. Go on with it and finish it.</MessageBarBody></MessageBar>}
      <div className={styles.cards}>
        <Card>
          <Subtitle2 as="h2">What and where</Subtitle2>
          <Facts
            of={[
              ["Backs up", sourceText(job.source, names.accounts)],
              ["Into", d?.repositoryId && repository(d.repositoryId)],
              ["Accounts elsewhere", list((d?.accounts ?? []).map((a) => `${names.accounts.get(a.accountId) ?? "an account that is gone"} into ${repository(a.repositoryId)}`))],
              ["Mailboxes elsewhere", list([...perMailbox].map(([id, n]) => `${counted(n, "mailbox", "mailboxes")} into ${repository(id)}`))],
              ["Earlier points in", job.formerRepositoryIds.map(repository).join(", ")],
              ["Keeps", `${keepsText(job.retention)}${job.retention?.zone && keepsText(job.retention) !== keepsText(undefined) ? ` (days of ${job.retention.zone})` : ""}`],
            ]}
          />
        </Card>
        <Card>
          <Subtitle2 as="h2">When</Subtitle2>
          <Facts
            of={[
              ["Starts", job.schedules.length === 0 ? "On demand" : list(job.schedules.map((s) => describe(s, jobNames)))],
              ["Next start", job.nextStart && <When at={job.nextStart} />],
              [
                "Last run",
                job.lastRunId && (
                  <span className={styles.cell}>
                    <RunBadge status={job.lastStatus} />
                    <Link href={`/runs/${job.lastRunId}`} onClick={(e) => { e.preventDefault(); void navigate(`/runs/${job.lastRunId}`); }}><When at={job.lastStart} /></Link>
                  </span>
                ),
              ],
              ["Created", job.created && <When at={job.created} />],
            ]}
          />
        </Card>
        <Card>
          <Subtitle2 as="h2">How</Subtitle2>
          <Facts
            of={[
              ["Mailboxes at once", `At most ${o?.maxTasks || 3}`],
              ["Read by", (o?.transporterIds ?? []).length === 0 ? "Any Transporter" : o?.transporterIds.map((id) => names.transporters.get(id) ?? "one that is gone").join(", ")],
              ["Takes too", [o?.hiddenFolders && "hidden folders", o?.recoverableItems && "Recoverable Items", o?.evidenceCopy && "an evidence copy of each message"].filter(Boolean).join(", ")],
              ["Failed mailboxes", retriesText(job)],
              ["Detached repository", o?.whenDetached === WhenDetached.WAIT ? "The run waits for it" : "Its mailboxes fail"],
            ]}
          />
        </Card>
        {(job.reports || job.before || job.after) && (
          <Card>
            <Subtitle2 as="h2">Reports and scripts</Subtitle2>
            <Facts
              of={[
                ["Reports to", job.reports && job.reports.addresses.length > 0 && job.reports.addresses.join("; ")],
                ["Of", job.reports && job.reports.addresses.length > 0 && reportsText(job.reports.when)],
                ["Before each run", job.before && <ScriptLines script={job.before} />],
                ["After each run", job.after && <ScriptLines script={job.after} />],
              ]}
            />
          </Card>
        )}
      </div>
    </div>
  );
}

function list(texts: string[]) {
  return texts.length === 0 ? "" : texts.map((t, i) => <Fragment key={i}>{i > 0 && <br />}{capital(t)}</Fragment>);
}

function retriesText(job: Job): string {
  const o = job.options;
  const times = o?.retries ?? 1;
  return times === 0 ? "Are not tried again" : `Are tried again ${times === 1 ? "once" : `${times} times`}, after ${counted(o?.retryMinutes || 5, "minute")}`;
}

function ScriptLines({ script }: { script: Script }) {
  const how = [
    script.detached ? "not waited for" : script.required ? "its failure fails the run" : "its failure is noted",
    !script.detached && `ended after ${spanOfSeconds(script.timeoutSeconds || 3600)}`,
    Object.keys(script.environment).length > 0 && `with ${Object.keys(script.environment).sort().join(", ")}`,
  ].filter(Boolean);
  return <><code>{scriptText(script)}</code><br />{how.join("; ")}</>;
}
