import { createClient } from "@connectrpc/connect";
import { create } from "@bufbuild/protobuf";
import { transport } from "@/api/transport";
import { refresh } from "@/api/refresh";
import { ActivityService } from "@/gen/holdfast/director/v1/activity_pb";
import { JobSchema, JobService, type Job } from "@/gen/holdfast/director/v1/job_pb";

/** The jobs' service, for what a button does. What pages show is read with useQuery. */
export const jobService = createClient(JobService, transport);

/** Has jobs and activities asked again, after one of them was changed. */
export async function jobsChanged(): Promise<void> {
  await refresh(JobService, ActivityService);
}

/** Changes a job as it is stored now, so that what others changed meanwhile stays. */
export async function changeJob(id: string, change: (job: Job) => void): Promise<void> {
  const { job } = await jobService.getJob({ jobId: id });
  const next = job ?? create(JobSchema);
  change(next);
  await jobService.updateJob({ job: next });
  await jobsChanged();
}
