import { useEffect, useState, type ReactNode } from "react";
import { Spinner } from "@fluentui/react-components";
import { Code, ConnectError } from "@connectrpc/connect";
import { useQuery } from "@connectrpc/connect-query";
import { queries } from "@/api/queries";
import { SystemService } from "@/gen/holdfast/director/v1/auth_pb";
import { FaultNote } from "@/parts/FaultNote";
import { MeContext } from "@/session/me";
import { NewPassword } from "@/session/NewPassword";
import { session, useSessionOver } from "@/session/session";
import { SignIn, SignInDialog } from "@/session/SignIn";

/**
 * Lets in who is signed in. Somebody whose session ends while a page is open signs in over it and goes on where they were.
 */
export function Gate({ children }: { children: ReactNode }) {
  const me = useQuery(SystemService.method.whoAmI, {}, { staleTime: 60_000 });
  const over = useSessionOver();
  // Kept while a user who came with a one-time password sets one of their own.
  const [password, setPassword] = useState("");
  const entered = (password = "") => {
    setPassword(password);
    session.begun();
    void queries.invalidateQueries();
  };
  const nobody = me.error && ConnectError.from(me.error).code === Code.Unauthenticated;
  useEffect(() => {
    if (nobody && me.data) session.expired();
  }, [nobody, me.data]);
  useEffect(() => {
    if (me.data && !me.data.passwordChangeRequired) setPassword("");
  }, [me.data]);
  if (!me.data) {
    if (nobody) return <SignIn onDone={entered} />;
    if (me.error) return <div style={{ padding: 24 }}><FaultNote title="Holdfast cannot be reached" error={me.error} retry={() => void me.refetch()} /></div>;
    return <Spinner label="Loading" style={{ height: "100%" }} />;
  }
  if (me.data.passwordChangeRequired) return <NewPassword user={me.data.user} password={password} onDone={entered} />;
  return (
    <MeContext value={me.data}>
      {children}
      <SignInDialog open={over} user={me.data.user} onDone={() => entered()} />
    </MeContext>
  );
}
