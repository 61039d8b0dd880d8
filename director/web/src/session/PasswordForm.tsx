import { useState } from "react";
import { Button, Field, Input, Spinner } from "@fluentui/react-components";
import { useMutation } from "@connectrpc/connect-query";
import { SystemService } from "@/gen/holdfast/director/v1/auth_pb";
import { FaultNote } from "@/parts/FaultNote";
import { useDoorStyles } from "@/session/SignIn";

/** How short a password may be; the Director checks it too. */
const shortest = 12;

/** Changes the password of who is signed in; known is the one that was just entered, so that nobody enters it twice. */
export function PasswordForm({ current, known = "", action, onDone }: { current: string; known?: string; action: string; onDone: () => void }) {
  const styles = useDoorStyles();
  const [old, setOld] = useState(known);
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const set = useMutation(SystemService.method.setPassword, {
    onSuccess: () => {
      setOld("");
      setNext("");
      setAgain("");
      setTried(false);
      onDone();
    },
  });
  const short = next.length < shortest ? `At least ${shortest} characters; a few words are better than one odd word.` : undefined;
  const differs = again !== next ? "The two are not the same." : undefined;
  const missing = old === "" ? "Needed to know that it is you." : undefined;
  const submit = () => {
    setTried(true);
    if (!missing && !short && !differs && !set.isPending) set.mutate({ currentPassword: old, newPassword: next });
  };
  return (
    <form className={styles.form} onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <Field label={current} validationMessage={tried ? missing : undefined}>
        <Input type="password" autoComplete="current-password" value={old} onChange={(_, d) => setOld(d.value)} />
      </Field>
      <Field label="New password" hint={`${shortest} characters or more`} validationMessage={tried ? short : undefined}>
        <Input autoFocus={known !== ""} type="password" autoComplete="new-password" value={next} onChange={(_, d) => setNext(d.value)} />
      </Field>
      <Field label="New password, again" validationMessage={tried ? differs : undefined}>
        <Input type="password" autoComplete="new-password" value={again} onChange={(_, d) => setAgain(d.value)} />
      </Field>
      {set.error && <FaultNote title="The password was not changed" error={set.error} />}
      <Button type="submit" appearance="primary" icon={set.isPending ? <Spinner size="tiny" /> : undefined}>{action}</Button>
    </form>
  );
}
