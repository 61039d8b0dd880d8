import { createContext, useContext } from "react";
import { useMutation } from "@connectrpc/connect-query";
import { queries } from "@/api/queries";
import { Role, SystemService, type WhoAmIResponse } from "@/gen/holdfast/director/v1/auth_pb";
import { session } from "@/session/session";

export { Role };

export const MeContext = createContext<WhoAmIResponse | undefined>(undefined);

/** Who is signed in. */
export function useMe(): WhoAmIResponse {
  const me = useContext(MeContext);
  if (!me) throw new Error("nobody is signed in here");
  return me;
}

const roles: Record<Role, string> = {
  [Role.UNSPECIFIED]: "",
  [Role.AUDITOR]: "Auditor",
  [Role.OPERATOR]: "Operator",
  [Role.ADMINISTRATOR]: "Administrator",
};

export function roleName(role: Role): string {
  return roles[role];
}

/** Why somebody may not do what needs a role; undefined when they may. */
export function useForbidden(role: Role): string | undefined {
  return useMe().role >= role ? undefined : `Only for ${role === Role.ADMINISTRATOR ? "administrators" : "operators and administrators"}.`;
}

/** Ends the session, and forgets everything that was read in it. */
export function useSignOut(): () => Promise<void> {
  const out = useMutation(SystemService.method.signOut);
  return async () => {
    await out.mutateAsync({});
    leave();
  };
}

/** Goes to the door after the session ended, and forgets everything that was read in it. */
export function leave(): void {
  queries.clear();
  window.sessionStorage.clear();
  session.begun();
  window.location.assign("/");
}
