import { useState } from "react";
import {
  Button, Card, Dialog, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, makeStyles, Spinner, Text, Title2, tokens,
} from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { SystemService } from "@/gen/holdfast/director/v1/auth_pb";
import { FaultNote } from "@/parts/FaultNote";

export const useDoorStyles = makeStyles({
  page: { height: "100%", display: "flex", alignItems: "center", justifyContent: "center", padding: tokens.spacingHorizontalL, backgroundColor: tokens.colorNeutralBackground2, overflowY: "auto" },
  card: { width: "26rem", maxWidth: "100%", padding: tokens.spacingHorizontalXXL, gap: tokens.spacingVerticalL },
  brand: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM },
  logo: { width: "36px", height: "36px" },
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  title: { margin: 0 },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** The page that stands before all others. */
export function SignIn({ onDone }: { onDone: (password: string) => void }) {
  const styles = useDoorStyles();
  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <div className={styles.brand}>
          <img src="/holdfast.svg" alt="" className={styles.logo} />
          <Title2 as="h1" className={styles.title}>Holdfast</Title2>
        </div>
        <Text className={styles.soft}>Backup and recovery of Microsoft 365 mail. Sign in to go on.</Text>
        <Form onDone={onDone} />
        <Text size={200} className={styles.soft}>
          At the first start, the user is admin, and the one-time password stands in the Director’s output and in the file
          first-password of its data folder.
        </Text>
      </Card>
    </main>
  );
}

/** The same over an open page, whose work stays. */
export function SignInDialog({ open, user, onDone }: { open: boolean; user: string; onDone: () => void }) {
  const styles = useDoorStyles();
  return (
    <Dialog open={open} modalType="alert">
      {open ? (
        <DialogSurface style={{ maxWidth: "26rem" }}>
          <DialogBody>
            <DialogTitle>Your session has ended</DialogTitle>
            <DialogContent>
              <div className={styles.form}>
                <Text>Sign in again to go on where you were. Nothing that you entered is lost.</Text>
                <Form user={user} onDone={onDone} />
              </div>
            </DialogContent>
          </DialogBody>
        </DialogSurface>
      ) : (
        <></>
      )}
    </Dialog>
  );
}

function Form({ user: known = "", onDone }: { user?: string; onDone: (password: string) => void }) {
  const styles = useDoorStyles();
  const [user, setUser] = useState(known);
  const [password, setPassword] = useState("");
  const signIn = useMutation(SystemService.method.signIn, { onSuccess: () => onDone(password) });
  const ready = user.trim() !== "" && password !== "" && !signIn.isPending;
  return (
    <form className={styles.form} onSubmit={(e) => { e.preventDefault(); if (ready) signIn.mutate({ user, password, cookie: true }); }}>
      <Field label="User">
        <Input name="username" autoComplete="username" autoFocus={known === ""} value={user} onChange={(_, d) => setUser(d.value)} />
      </Field>
      <Field label="Password">
        <Input name="password" type="password" autoComplete="current-password" autoFocus={known !== ""} value={password} onChange={(_, d) => setPassword(d.value)} />
      </Field>
      {signIn.error && <FaultNote title="You were not signed in" error={signIn.error} />}
      <Button type="submit" appearance="primary" disabledFocusable={!ready} icon={signIn.isPending ? <Spinner size="tiny" /> : undefined}>Sign in</Button>
    </form>
  );
}
