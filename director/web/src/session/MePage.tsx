import { Card, makeStyles, Subtitle2 } from "@fluentui/react-components";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { useMe } from "@/session/me";
import { PasswordForm } from "@/session/PasswordForm";

const useStyles = makeStyles({ card: { maxWidth: "30rem" } });

/** One's own password and sessions. */
export function MePage() {
  const styles = useStyles();
  const me = useMe();
  const tell = useToasts();
  return (
    <Page title="Password and sessions" about={`You are signed in as ${me.user}.`}>
      <Card className={styles.card}>
        <Subtitle2 as="h2">Change the password</Subtitle2>
        <PasswordForm current="Current password" action="Change the password" onDone={() => tell.done("The password was changed", "Your other sessions were ended.")} />
      </Card>
    </Page>
  );
}
