import { useState } from "react";
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles, Spinner, SpinButton, tokens } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { TransporterService, type Transporter } from "@/gen/holdfast/director/v1/inventory_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM } });

interface Props {
  open: boolean;
  transporter: Transporter;
  onClose: () => void;
}

/** Changes what a Transporter is called, where it is, and how much it does at once. */
export function EditTransporter({ open, transporter, onClose }: Props) {
  return (
    <Dialog open={open} onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      {open ? <Form transporter={transporter} onClose={onClose} /> : <></>}
    </Dialog>
  );
}

function Form({ transporter, onClose }: Omit<Props, "open">) {
  const styles = useStyles();
  const tell = useToasts();
  const [draft, setDraft] = useState(transporter);
  const save = useMutation(TransporterService.method.updateTransporter, {
    onSuccess: async () => {
      await refresh(TransporterService);
      tell.done(`${draft.name} was saved`);
      onClose();
    },
  });
  const why = !draft.name.trim() ? "Give it a name." : !draft.address.trim() ? "Enter its address." : save.isPending && "One moment.";
  return (
    <DialogSurface>
      <form onSubmit={(e) => { e.preventDefault(); if (!why) save.mutate({ transporter: draft }); }}>
        <DialogBody>
          <DialogTitle>Edit {transporter.name}</DialogTitle>
          <DialogContent>
            <div className={styles.form}>
              <Field label="Name" required><Input value={draft.name} onChange={(_, d) => setDraft({ ...draft, name: d.value })} /></Field>
              <Field label="Address" required hint="host:port of its control service"><Input value={draft.address} spellCheck={false} onChange={(_, d) => setDraft({ ...draft, address: d.value.trim() })} /></Field>
              <Field label="Host for transfers" hint="Empty: the host of the address."><Input value={draft.transferHost} spellCheck={false} onChange={(_, d) => setDraft({ ...draft, transferHost: d.value.trim() })} /></Field>
              <Field label="Tasks at once" hint="How many mailboxes it works on at the same time. 0: as many as jobs ask for.">
                <SpinButton value={draft.maxTasks} min={0} max={64} onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n)) setDraft({ ...draft, maxTasks: n }); }} />
              </Field>
              {save.error && <FaultNote title="It was not saved" error={save.error} />}
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Explained type="submit" appearance="primary" why={why} icon={save.isPending ? <Spinner size="tiny" /> : undefined}>Save</Explained>
          </DialogActions>
        </DialogBody>
      </form>
    </DialogSurface>
  );
}
