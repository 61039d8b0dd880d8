import { Card, Text, Title2 } from "@fluentui/react-components";
import { PasswordForm } from "@/session/PasswordForm";
import { useDoorStyles } from "@/session/SignIn";

/** What follows a one-time password: one's own. */
export function NewPassword({ user, password, onDone }: { user: string; password: string; onDone: () => void }) {
  const styles = useDoorStyles();
  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <Title2 as="h1" className={styles.title}>Set your own password</Title2>
        <Text className={styles.soft}>You signed in as {user} with a one-time password. It is good for nothing but this.</Text>
        <PasswordForm current="One-time password" known={password} action="Set the password" onDone={onDone} />
      </Card>
    </main>
  );
}
