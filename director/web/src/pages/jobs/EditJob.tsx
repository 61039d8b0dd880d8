import { useRef } from "react";
import { useQuery } from "@connectrpc/connect-query";
import { useParams } from "react-router";
import { JobService, type Job } from "@/gen/holdfast/director/v1/job_pb";
import { JobWizard } from "@/pages/jobs/JobWizard";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";

/** The wizard for a job that there is. */
export function EditJob() {
  const { id = "" } = useParams();
  // As it is stored now, and not as some page read it a while ago: a change that begins with less is refused.
  const job = useQuery(JobService.method.getJob, { jobId: id }, { enabled: id !== "", refetchOnMount: "always" });
  // What is read anew while it is edited does not take away what was entered; it is edited as it was at first.
  const first = useRef<Job>(undefined);
  if (first.current?.id !== id) first.current = job.isFetchedAfterMount && job.data?.job?.id === id ? job.data.job : undefined;
  const initial = first.current;
  if (!initial) return <Page title="Edit a job" crumbs={[{ text: "Jobs", to: "/jobs" }]}><Loaded query={job} what="The job">{() => null}</Loaded></Page>;
  // A draft that is finished is enabled, as a new job is.
  const begin = initial.draft ? { ...initial, enabled: true } : initial;
  return (
    <JobWizard
      key={id} title={`Edit ${initial.name}`} crumbs={[{ text: "Jobs", to: "/jobs" }, { text: initial.name, to: `/jobs/${id}` }]} base={`/jobs/${id}/edit`} back={`/jobs/${id}`} initial={begin}
    />
  );
}
