import { useState } from "react";
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import type { Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { MailboxPicker } from "@/pages/jobs/MailboxPicker";
import { keyOf } from "@/pages/jobs/keys";
import { useJobStyles } from "@/pages/jobs/styles";
import { Explained } from "@/parts/Explained";

/** Chooses mailboxes of whole accounts that are processed before the rest. */
export function PutFirst({ mailboxes, onDone, onClose }: { mailboxes: Mailbox[]; onDone: (list: Mailbox[]) => void; onClose: () => void }) {
  const styles = useJobStyles();
  const [chosen, setChosen] = useState<Set<string>>(() => new Set());
  return (
    <Dialog open onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      <DialogSurface style={{ maxWidth: "46rem" }}>
        <DialogBody>
          <DialogTitle>Which mailboxes come first?</DialogTitle>
          <DialogContent>
            <div className={styles.stack} style={{ height: "26rem" }}>
              <MailboxPicker label="Mailboxes" mailboxes={mailboxes} chosen={chosen} onChoose={setChosen} empty="Every mailbox has a place of its own already." />
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Explained appearance="primary" why={chosen.size === 0 && "Choose at least one mailbox."} onClick={() => onDone(mailboxes.filter((m) => chosen.has(keyOf(m.accountId, m.id))))}>Put them first</Explained>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
