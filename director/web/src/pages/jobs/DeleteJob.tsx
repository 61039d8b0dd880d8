import { useState } from "react";
import { Radio, RadioGroup, Text } from "@fluentui/react-components";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { jobService, jobsChanged } from "@/pages/jobs/api";
import { goesOn } from "@/pages/jobs/status";
import { Confirm } from "@/parts/Confirm";
import { counted } from "@/parts/format";
import { useToasts } from "@/parts/Toasts";

interface Props {
  jobs: Job[];
  onClose: () => void;
  /** Called when the jobs are gone at once, before anything is read anew: a page about one leads away. */
  onGone?: () => Promise<void> | void;
}

/** Asks whether a job goes, and whether its backups go with it. Several jobs go without their backups only. */
export function DeleteJob({ jobs, onClose, onGone }: Props) {
  const tell = useToasts();
  const [backups, setBackups] = useState(false);
  const job = jobs.length === 1 ? jobs[0] : undefined;
  const runs = jobs.filter((j) => goesOn(j.lastStatus));
  const ending = job?.deletion !== undefined;
  const confirm = async () => {
    let left: Job | undefined;
    for (const j of jobs) left = (await jobService.deleteJob({ jobId: j.id, backups, confirmName: backups ? j.name : "" })).job;
    if (left) {
      await jobsChanged();
      tell.done(`${left.name} is being deleted with its backups`, "The list shows how far that is.");
      return;
    }
    tell.done(job ? `${job.name} was deleted` : `${counted(jobs.length, "job")} were deleted`, backups ? undefined : "The backups stay recoverable.");
    await onGone?.();
    await jobsChanged();
  };
  const title = job ? (ending ? `End the deletion of ${job.name}?` : `Delete ${job.name}?`) : `Delete ${counted(jobs.length, "job")}?`;
  return (
    <Confirm
      open title={title} typed={backups && job ? job.name : undefined}
      action={ending ? "Forget the job, keep what is left" : backups ? "Delete the job and its backups" : job ? "Delete the job" : "Delete the jobs"}
      why={runs.length > 0 && `${runs.map((r) => r.name).join(", ")} ${runs.length === 1 ? "is" : "are"} running. Stop ${runs.length === 1 ? "it" : "them"} first.`}
      onConfirm={confirm} onClose={onClose}
    >
      {ending ? (
        <Text>Its backups are being deleted. When you end that now, the recovery points that are left stay, and stay recoverable; those that are gone do not come back.</Text>
      ) : job ? (
        <RadioGroup aria-label="Its backups" value={backups ? "delete" : "keep"} onChange={(_, d) => setBackups(d.value === "delete")}>
          <Radio value="keep" label="Keep its backups. They stay in their repositories and can be recovered from." />
          <Radio value="delete" label="Delete its backups too, for ever. Nothing of them can be recovered then." />
        </RadioGroup>
      ) : (
        <Text>Their backups stay in their repositories and can be recovered from. To delete backups too, delete jobs one at a time.</Text>
      )}
    </Confirm>
  );
}
