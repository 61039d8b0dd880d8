import { useState } from "react";
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles, Spinner, tokens } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { UserService } from "@/gen/holdfast/director/v1/auth_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { Once } from "@/parts/Once";
import { Role } from "@/session/me";
import { RoleChoice } from "@/session/RoleChoice";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM } });

interface Props {
  open: boolean;
  onClose: () => void;
}

/** Makes a user, and shows the password that they sign in with first. */
export function CreateUser({ open, onClose }: Props) {
  return (
    <Dialog open={open} modalType="alert" onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      {open ? <Form onClose={onClose} /> : <></>}
    </Dialog>
  );
}

function Form({ onClose }: Omit<Props, "open">) {
  const styles = useStyles();
  const [name, setName] = useState("");
  const [role, setRole] = useState(Role.OPERATOR);
  const make = useMutation(UserService.method.createUser, { onSuccess: () => refresh(UserService) });
  const why = !name.trim() ? "Give the user a name." : make.isPending && "One moment.";
  if (make.data) return <OneTime user={make.data.user?.name ?? name} password={make.data.oneTimePassword} onClose={onClose} />;
  return (
    <DialogSurface aria-describedby={undefined}>
      <form onSubmit={(e) => { e.preventDefault(); if (!why) make.mutate({ name: name.trim(), role }); }}>
        <DialogBody>
          <DialogTitle>Create a user</DialogTitle>
          <DialogContent>
            <div className={styles.form}>
              <Field label="Name" required hint="Signing in does not mind capitals."><Input value={name} autoFocus autoComplete="off" spellCheck={false} onChange={(_, d) => setName(d.value)} /></Field>
              <RoleChoice label="Role" value={role} onChange={setRole} />
              {make.error && <FaultNote title="The user was not created" error={make.error} />}
            </div>
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Explained type="submit" appearance="primary" why={why} icon={make.isPending ? <Spinner size="tiny" /> : undefined}>Create the user</Explained>
          </DialogActions>
        </DialogBody>
      </form>
    </DialogSurface>
  );
}

/** The dialog's last page: the one-time password of a user. */
export function OneTime({ user, password, onClose }: { user: string; password: string; onClose: () => void }) {
  return (
    <DialogSurface aria-describedby={undefined}>
      <DialogBody>
        <DialogTitle>The one-time password of {user}</DialogTitle>
        <DialogContent>
          <Once label="One-time password" value={password}>It is shown only now. Tell it to the user in a safe way: signing in with it, they must set a password of their own.</Once>
        </DialogContent>
        <DialogActions><Button appearance="primary" onClick={onClose}>Done</Button></DialogActions>
      </DialogBody>
    </DialogSurface>
  );
}
