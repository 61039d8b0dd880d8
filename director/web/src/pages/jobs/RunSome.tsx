import { useMemo, useState } from "react";
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Spinner } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { jobService, jobsChanged } from "@/pages/jobs/api";
import { accountsOf, expand, idOf } from "@/pages/jobs/keys";
import { useMailboxes } from "@/pages/jobs/mailboxes";
import { MailboxPicker } from "@/pages/jobs/MailboxPicker";
import { useJobStyles } from "@/pages/jobs/styles";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { counted } from "@/parts/format";

/** Chooses mailboxes of a job, and runs it for them alone. */
export function RunSome({ job, onClose }: { job: Job; onClose: () => void }) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const known = useMailboxes(accountsOf(job.source));
  const mailboxes = useMemo(() => expand(job.source, known.lists, known.byKey), [job.source, known]);
  const [chosen, setChosen] = useState<Set<string>>(() => new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { run: started } = await jobService.runJob({ jobId: job.id, mailboxIds: [...chosen].map(idOf) });
      await jobsChanged();
      void navigate(`/runs/${started?.id ?? ""}`);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      <DialogSurface style={{ maxWidth: "46rem" }}>
        <DialogBody>
          <DialogTitle>Run {job.name} for chosen mailboxes</DialogTitle>
          <DialogContent>
            <div className={styles.stack} style={{ height: "26rem" }}>
              {known.error ? <FaultNote title="The mailboxes could not be read" error={known.error} retry={known.retry} /> : known.pending ? <Spinner label="Loading" /> : (
                <MailboxPicker label="Mailboxes of the job" mailboxes={mailboxes} chosen={chosen} onChoose={setChosen} empty="The job’s source names no mailbox that is there." />
              )}
              {error !== undefined && <FaultNote title="It was not started" error={error} />}
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Explained
              appearance="primary" icon={busy ? <Spinner size="tiny" /> : undefined} why={chosen.size === 0 ? "Choose at least one mailbox." : busy && "One moment."}
              onClick={() => void run()}
            >
              {chosen.size === 0 ? "Run" : `Run ${counted(chosen.size, "mailbox", "mailboxes")}`}
            </Explained>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
