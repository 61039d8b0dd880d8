import { useRef, useState } from "react";
import { Checkbox, Dialog } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { SystemService, UserService, type User } from "@/gen/holdfast/director/v1/auth_pb";
import { OneTime } from "@/pages/settings/CreateUser";
import { Confirm } from "@/parts/Confirm";
import { useToasts } from "@/parts/Toasts";
import { leave, roleName, useMe } from "@/session/me";
import { RoleChoice } from "@/session/RoleChoice";

interface Props {
  open: boolean;
  user: User;
  onClose: () => void;
}

/** Follows what was done to a user: to the door when it ended one's own session. */
function useAfter(user: User): (ends: boolean) => Promise<void> {
  const me = useMe();
  return async (ends) => {
    if (ends && me.user === user.name) leave();
    else await refresh(UserService, SystemService);
  };
}

export function ChangeRole(props: Props) {
  // Mounted anew each time, so that the choice begins at what is.
  return props.open ? <Choose {...props} /> : null;
}

function Choose({ user, onClose }: Props) {
  const tell = useToasts();
  const after = useAfter(user);
  const update = useMutation(UserService.method.updateUser);
  const [role, setRole] = useState(user.role);
  return (
    <Confirm
      open title={`Change the role of ${user.name}`} action="Change the role" why={role === user.role && `${user.name} has this role.`} onClose={onClose}
      onConfirm={async () => {
        await update.mutateAsync({ name: user.name, role });
        await after(false);
        tell.done(`${user.name} is ${roleName(role).toLowerCase()} now`);
      }}
    >
      <RoleChoice label="It applies at once, to open sessions and API tokens too" value={role} onChange={setRole} />
    </Confirm>
  );
}

export function Disable({ open, user, onClose }: Props) {
  const tell = useToasts();
  const after = useAfter(user);
  const update = useMutation(UserService.method.updateUser);
  return (
    <Confirm
      open={open} title={`Disable ${user.name}?`} action="Disable the user" onClose={onClose}
      onConfirm={async () => {
        await update.mutateAsync({ name: user.name, disabled: true });
        tell.done(`${user.name} was disabled`);
        await after(true);
      }}
    >
      All their sessions end at once, and they cannot sign in. Their API tokens do nothing until the user is enabled again.
    </Confirm>
  );
}

export function Enable({ open, user, onClose }: Props) {
  const tell = useToasts();
  const after = useAfter(user);
  const update = useMutation(UserService.method.updateUser);
  return (
    <Confirm
      open={open} title={`Enable ${user.name}?`} action="Enable the user" onClose={onClose}
      onConfirm={async () => {
        await update.mutateAsync({ name: user.name, disabled: false });
        await after(false);
        tell.done(`${user.name} was enabled`);
      }}
    >
      They can sign in again with the password that they had, and their API tokens work again.
    </Confirm>
  );
}

export function SignOutUser({ open, user, onClose }: Props) {
  const tell = useToasts();
  const after = useAfter(user);
  const out = useMutation(UserService.method.signOutEverywhere);
  const [tokens, setTokens] = useState(false);
  return (
    <Confirm
      open={open} title={`Sign ${user.name} out everywhere?`} action="Sign out everywhere" onClose={onClose}
      onConfirm={async () => {
        const { ended } = await out.mutateAsync({ user: user.name, tokens });
        tell.done(`${user.name} was signed out`, `Ended: ${ended}.`);
        await after(true);
      }}
    >
      <p style={{ marginTop: 0 }}>All their sessions end at once. They can sign in again.</p>
      <Checkbox label="Revoke their API tokens too" checked={tokens} onChange={(_, d) => setTokens(d.checked === true)} />
    </Confirm>
  );
}

export function DeleteUser({ open, user, onClose, onDeleted }: Props & { onDeleted: () => Promise<void> }) {
  const tell = useToasts();
  const after = useAfter(user);
  const remove = useMutation(UserService.method.deleteUser);
  return (
    <Confirm
      open={open} title={`Delete ${user.name}?`} action="Delete the user" onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync({ name: user.name });
        tell.done(`${user.name} was deleted`);
        await onDeleted();
        await after(true);
      }}
    >
      All their sessions and API tokens end at once, and it cannot be taken back. Jobs stay as they are, and the audit log keeps the name.
    </Confirm>
  );
}

/** Gives a one-time password, shown once in place of the question. */
export function ResetPassword({ open, user, onClose }: Props) {
  const reset = useMutation(UserService.method.resetUserPassword);
  // What the question does when it ends well is to make room for the answer.
  const answered = useRef(false);
  const close = () => {
    answered.current = false;
    reset.reset();
    onClose();
  };
  if (reset.data) {
    return (
      <Dialog open={open} modalType="alert" onOpenChange={(_, d) => { if (!d.open) close(); }}>
        {open ? <OneTime user={user.name} password={reset.data.oneTimePassword} onClose={close} /> : <></>}
      </Dialog>
    );
  }
  return (
    <Confirm
      open={open} title={`Reset the password of ${user.name}?`} action="Reset the password" onClose={() => { if (!answered.current) close(); }}
      onConfirm={async () => {
        await reset.mutateAsync({ name: user.name });
        answered.current = true;
        await refresh(UserService);
      }}
    >
      They are given a one-time password, which is shown to you once. All their sessions end at once; their API tokens stay.
    </Confirm>
  );
}
