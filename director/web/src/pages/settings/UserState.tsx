import { Badge } from "@fluentui/react-components";
import type { User } from "@/gen/holdfast/director/v1/auth_pb";

/** Whether a user can sign in, in words. */
export function stateOf(u: User): string {
  if (u.disabled) return "Disabled";
  return u.passwordChangeRequired ? "One-time password" : "Active";
}

export function UserState({ user: u }: { user: User }) {
  return <Badge color={u.disabled ? "danger" : u.passwordChangeRequired ? "warning" : "success"} appearance="tint">{stateOf(u)}</Badge>;
}
