import { useState } from "react";
import { Tab, TabList, Text } from "@fluentui/react-components";
import { EditRegular, StopRegular } from "@fluentui/react-icons";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { Deleting } from "@/pages/jobs/Deleting";
import { Forecast } from "@/pages/jobs/Forecast";
import { useJob } from "@/pages/jobs/hooks";
import { JobDialogs, type Asked } from "@/pages/jobs/JobDialogs";
import { JobMenu } from "@/pages/jobs/JobMenu";
import { JobSummary } from "@/pages/jobs/JobSummary";
import { NextStarts } from "@/pages/jobs/NextStarts";
import { RetentionTab } from "@/pages/jobs/RetentionTab";
import { RunButton } from "@/pages/jobs/RunButton";
import { Runs } from "@/pages/jobs/Runs";
import { StateBadge, stateOf } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { Explained } from "@/parts/Explained";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Role, useForbidden } from "@/session/me";

const tabs = [["overview", "Overview"], ["runs", "Runs"], ["starts", "Coming starts"], ["retention", "Retention"], ["estimate", "Estimate"]] as const;
type TabKey = (typeof tabs)[number][0];

const crumbs = [{ text: "Jobs", to: "/jobs" }];

/** One job: what it does, its runs, what comes. */
export function JobPage() {
  const { id = "" } = useParams();
  const job = useJob(id);
  if (job.error && ConnectError.from(job.error).code === Code.NotFound) {
    return <Page title="There is no such job" crumbs={crumbs}><Text>It was deleted, or the address is mistyped. Backups that it made may still be in their repositories.</Text></Page>;
  }
  if (!job.data?.job) return <Page title="Job" crumbs={crumbs}><Loaded query={job} what="The job">{() => null}</Loaded></Page>;
  return <Shown job={job.data.job} />;
}

function Shown({ job }: { job: Job }) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [asked, ask] = useState<Asked>();
  const onlyAdmins = useForbidden(Role.ADMINISTRATOR);
  const onlyOperators = useForbidden(Role.OPERATOR);
  const tab = (tabs.find(([key]) => key === params.get("tab"))?.[0] ?? "overview") as TabKey;
  const state = stateOf(job);
  return (
    <Page
      title={job.name} crumbs={crumbs} filled={tab === "runs" || tab === "retention"}
      about={<span className={styles.cell}><StateBadge job={job} />{job.group && <span>Group {job.group}</span>}</span>}
      actions={
        <>
          {state === "running" ? (
            <Explained icon={<StopRegular />} why={onlyOperators} onClick={() => ask({ what: "stop", jobs: [job] })}>Stop</Explained>
          ) : (
            <RunButton job={job} />
          )}
          <Explained icon={<EditRegular />} why={onlyAdmins ?? (job.deletion && "It is being deleted.")} onClick={() => void navigate(`/jobs/${job.id}/edit/source`)}>
            {job.draft ? "Go on with the draft" : "Edit"}
          </Explained>
          <JobMenu job={job} ask={ask} short />
        </>
      }
    >
      {job.deletion && <Deleting job={job} ask={ask} />}
      <TabList
        selectedValue={tab} aria-label={`About ${job.name}`}
        onTabSelect={(_, d) => setParams(d.value === "overview" ? {} : { tab: String(d.value) }, { replace: true })}
      >
        {tabs.map(([key, text]) => <Tab key={key} value={key}>{text}</Tab>)}
      </TabList>
      {tab === "overview" && <JobSummary job={job} />}
      {tab === "runs" && <Runs job={job} />}
      {tab === "starts" && <NextStarts jobId={job.id} enabled={job.enabled} limit={50} />}
      {tab === "retention" && <RetentionTab job={job} />}
      {tab === "estimate" && <Forecast jobId={job.id} />}
      <JobDialogs asked={asked} onClose={() => ask(undefined)} onGone={async () => navigate("/jobs")} />
    </Page>
  );
}
