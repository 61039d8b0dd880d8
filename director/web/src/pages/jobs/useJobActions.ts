import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { changeJob, jobService, jobsChanged } from "@/pages/jobs/api";
import { goesOn } from "@/pages/jobs/status";
import { counted } from "@/parts/format";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

/** Which mailboxes a run takes; all of them without either. */
export interface Scope {
  mailboxIds?: string[];
  failedOnly?: boolean;
}

/** What is done to jobs at once, with a message that says so and, where it can be, takes it back. */
export function useJobActions() {
  const tell = useToasts();
  const navigate = useNavigate();

  const run = async (job: Job, scope: Scope = {}) => {
    try {
      const { run: started } = await jobService.runJob({ jobId: job.id, mailboxIds: scope.mailboxIds ?? [], failedOnly: scope.failedOnly ?? false });
      await jobsChanged();
      return started?.id;
    } catch (e) {
      tell.failed(`${job.name} was not started`, e);
      return undefined;
    }
  };

  /** Runs it, and shows the run. */
  const runAndShow = async (job: Job, scope: Scope = {}) => {
    const id = await run(job, scope);
    if (id) void navigate(`/runs/${id}`);
  };

  const runMany = async (jobs: Job[]) => {
    const started = (await Promise.all(jobs.map((j) => run(j)))).filter((id) => id !== undefined);
    if (started.length === 0) return;
    const only = started.length === 1 ? started[0] : undefined;
    tell.done(
      jobs.length === 1 ? `${jobs[0]?.name ?? ""} is running` : `${counted(started.length, "job")} started`, undefined,
      only ? { text: "Watch it", act: () => void navigate(`/runs/${only}`) } : undefined,
    );
  };

  const setEnabled = async (jobs: Job[], enabled: boolean) => {
    const changed = jobs.filter((j) => j.enabled !== enabled).map((j) => j.id);
    try {
      await jobService.setJobsEnabled({ jobIds: jobs.map((j) => j.id), enabled });
      await jobsChanged();
      const undo = async () => {
        try {
          await jobService.setJobsEnabled({ jobIds: changed, enabled: !enabled });
          await jobsChanged();
        } catch (e) {
          tell.failed("It could not be taken back", e);
        }
      };
      const what = jobs.length === 1 ? `${jobs[0]?.name ?? ""} was` : `${counted(jobs.length, "job")} were`;
      tell.done(`${what} ${enabled ? "enabled" : "disabled"}`, undefined, changed.length > 0 ? { text: "Undo", act: () => void undo() } : undefined);
    } catch (e) {
      tell.failed(enabled ? "Nothing was enabled" : "Nothing was disabled", e);
    }
  };

  const setGroup = async (jobs: Job[], group: string) => {
    const before = jobs.map((j) => ({ id: j.id, group: j.group }));
    for (const j of jobs) await changeJob(j.id, (x) => { x.group = group; });
    const undo = async () => {
      try {
        for (const b of before) await changeJob(b.id, (x) => { x.group = b.group; });
      } catch (e) {
        tell.failed("It could not be taken back", e);
      }
    };
    const what = jobs.length === 1 ? `${jobs[0]?.name ?? ""} is` : `${counted(jobs.length, "job")} are`;
    tell.done(group ? `${what} in the group ${group} now` : `${what} in no group now`, undefined, { text: "Undo", act: () => void undo() });
  };

  return { run, runAndShow, runMany, setEnabled, setGroup };
}

/** Why a job cannot be run now; undefined when it can. */
export function useWhyNotRun(): (job: Job) => string | undefined {
  const forbidden = useForbidden(Role.OPERATOR);
  return (job) => {
    if (forbidden) return forbidden;
    if (job.deletion) return "It is being deleted with its backups.";
    if (goesOn(job.lastStatus)) return "It is running already.";
    if (job.draft) return "It is a draft. Edit it and finish it first.";
    if (!job.enabled) return "It is disabled. Enable it first.";
    return undefined;
  };
}
