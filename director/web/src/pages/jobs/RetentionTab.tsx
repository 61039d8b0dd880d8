import { useState } from "react";
import { Text } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { jobService, jobsChanged } from "@/pages/jobs/api";
import { RetentionPreview } from "@/pages/jobs/RetentionPreview";
import { useJobStyles } from "@/pages/jobs/styles";
import { keepsAll, keepsText } from "@/pages/jobs/words";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

/** What a job keeps, what that means for the points that there are, and having it applied now. */
export function RetentionTab({ job }: { job: Job }) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const [applying, setApplying] = useState(false);
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  return (
    <>
      <div className={styles.bar}>
        <Text><strong>Keeps:</strong> {keepsText(job.retention)}. It is applied after each run.</Text>
        <span className={styles.push} />
        <Explained why={forbidden} onClick={() => void navigate(`/jobs/${job.id}/edit/retention`)}>Change it</Explained>
        <Explained why={forbidden ?? (keepsAll(job.retention) && "Everything is kept: there is nothing to delete.")} onClick={() => setApplying(true)}>Apply it now</Explained>
      </div>
      <RetentionPreview jobId={job.id} />
      <Confirm
        open={applying} title={`Apply the retention of ${job.name} now?`} action="Delete what goes" typed={job.name} onClose={() => setApplying(false)}
        onConfirm={async () => {
          await jobService.applyRetention({ jobId: job.id });
          await jobsChanged();
          tell.done("The retention is being applied", "Points that go are deleted in the next moments.");
        }}
      >
        The recovery points that the preview shows as going are deleted for ever. Their space is freed when the repository is reclaimed.
      </Confirm>
    </>
  );
}
