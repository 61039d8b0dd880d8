import { useId, useState, type ReactNode } from "react";
import {
  Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Spinner,
} from "@fluentui/react-components";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";

interface Props {
  open: boolean;
  title: string;
  children: ReactNode;
  /** What the button does ("Delete the job"). */
  action: string;
  /** What must be typed first, for what cannot be taken back. */
  typed?: string;
  /** Why it cannot be done yet (a field in the dialog that is empty). */
  why?: string | false | undefined;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is done. It stays open, and says what went wrong, when it could not be done. */
export function Confirm(props: Props) {
  return (
    <Dialog open={props.open} modalType="alert" onOpenChange={(_, d) => { if (!d.open) props.onClose(); }}>
      {props.open ? <Question {...props} /> : <></>}
    </Dialog>
  );
}

function Question({ title, children, action, typed, why, onConfirm, onClose }: Props) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const form = useId();
  const missing = why || (typed && text.trim() !== typed.trim() && `Type “${typed}” first.`);
  const ready = !busy && !missing;
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <DialogSurface aria-describedby={undefined}>
      <form id={form} onSubmit={(e) => { e.preventDefault(); if (ready) void confirm(); }}>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            <div style={{ display: "flex", flexDirection: "column", gap: "12px" }}>
              <div>{children}</div>
              {typed && (
                <Field label={`Type “${typed}” to go on`}>
                  <Input value={text} autoFocus autoComplete="off" onChange={(_, d) => setText(d.value)} />
                </Field>
              )}
              {error !== undefined && <FaultNote title="That could not be done" error={error} />}
            </div>
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={onClose} disabled={busy}>Cancel</Button>
            <Explained type="submit" appearance="primary" why={missing || (busy && "One moment.")} icon={busy ? <Spinner size="tiny" /> : undefined}>
              {action}
            </Explained>
          </DialogActions>
        </DialogBody>
      </form>
    </DialogSurface>
  );
}
