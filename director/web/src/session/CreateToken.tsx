import { useState } from "react";
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Dropdown, Field, Input, makeStyles, Option, Spinner, tokens } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { SystemService, UserService } from "@/gen/holdfast/director/v1/auth_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { Once } from "@/parts/Once";
import { expiryOf, lifetimeNames, lifetimes, wrongDay, type Lifetime } from "@/session/expiry";
import { useMe } from "@/session/me";
import { RoleChoice } from "@/session/RoleChoice";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM } });

interface Props {
  open: boolean;
  onClose: () => void;
}

/** Makes an API token of one's own, and shows it once. */
export function CreateToken({ open, onClose }: Props) {
  return (
    <Dialog open={open} modalType="alert" onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      {open ? <Form onClose={onClose} /> : <></>}
    </Dialog>
  );
}

function Form({ onClose }: Omit<Props, "open">) {
  const styles = useStyles();
  const me = useMe();
  const [name, setName] = useState("");
  const [role, setRole] = useState(me.role);
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const [until, setUntil] = useState("");
  const make = useMutation(SystemService.method.createToken, { onSuccess: () => refresh(UserService) });
  const why = !name.trim() ? "Give it a name." : lifetime === "until" ? wrongDay(until) : undefined;
  if (make.data) {
    return (
      <DialogSurface aria-describedby={undefined}>
        <DialogBody>
          <DialogTitle>The token {make.data.details?.name} was made</DialogTitle>
          <DialogContent>
            <Once label="API token" value={make.data.token}>This token is shown only now. Keep it where only the program that needs it can read it.</Once>
          </DialogContent>
          <DialogActions><Button appearance="primary" onClick={onClose}>I have kept it</Button></DialogActions>
        </DialogBody>
      </DialogSurface>
    );
  }
  return (
    <DialogSurface aria-describedby={undefined}>
      <form onSubmit={(e) => { e.preventDefault(); if (!why && !make.isPending) make.mutate({ name: name.trim(), role, expires: expiryOf(lifetime, until) }); }}>
        <DialogBody>
          <DialogTitle>Create an API token</DialogTitle>
          <DialogContent>
            <div className={styles.form}>
              <Field label="Name" required hint="What it is for, as “Nightly report”."><Input value={name} autoFocus autoComplete="off" onChange={(_, d) => setName(d.value)} /></Field>
              <Field label="Good for">
                <Dropdown value={lifetimeNames[lifetime]} selectedOptions={[lifetime]} onOptionSelect={(_, d) => setLifetime((d.optionValue ?? "90") as Lifetime)}>
                  {lifetimes.map((l) => <Option key={l} value={l}>{lifetimeNames[l]}</Option>)}
                </Dropdown>
              </Field>
              {lifetime === "until" && <Field label="Last day"><Input type="date" value={until} onChange={(_, d) => setUntil(d.value)} /></Field>}
              <RoleChoice label="The most that it may do" value={role} most={me.role} onChange={setRole} />
              {make.error && <FaultNote title="The token was not made" error={make.error} />}
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Explained type="submit" appearance="primary" why={why || (make.isPending && "One moment.")} icon={make.isPending ? <Spinner size="tiny" /> : undefined}>Create the token</Explained>
          </DialogActions>
        </DialogBody>
      </form>
    </DialogSurface>
  );
}
