import { useState } from "react";
import { Card, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { AddRegular, SignOutRegular } from "@fluentui/react-icons";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { UserService } from "@/gen/holdfast/director/v1/auth_pb";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { CreateToken } from "@/session/CreateToken";
import { roleName, leave, useMe } from "@/session/me";
import { PasswordForm } from "@/session/PasswordForm";
import { Sessions } from "@/session/Sessions";
import { Tokens } from "@/session/Tokens";

const useStyles = makeStyles({
  card: { maxWidth: "30rem" },
  section: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, maxWidth: "70rem" },
  head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  grow: { flexGrow: 1 },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** One's own password, sessions and API tokens. */
export function MePage() {
  const styles = useStyles();
  const me = useMe();
  const tell = useToasts();
  const everywhere = useMutation(UserService.method.signOutEverywhere);
  const [asked, setAsked] = useState<"everywhere" | "token">();
  const close = () => setAsked(undefined);
  return (
    <Page title="Password and sessions" about={`You are signed in as ${me.user}, ${roleName(me.role).toLowerCase()}.`}>
      <Card className={styles.card}>
        <Subtitle2 as="h2">Change the password</Subtitle2>
        <PasswordForm
          current="Current password" action="Change the password"
          onDone={() => { tell.done("The password was changed", "Your other sessions were ended."); void refresh(UserService); }}
        />
      </Card>
      <section className={styles.section} aria-label="Your sessions">
        <div className={styles.head}>
          <Subtitle2 as="h2" className={styles.grow}>Your sessions</Subtitle2>
          <Explained icon={<SignOutRegular />} onClick={() => setAsked("everywhere")}>Sign out everywhere</Explained>
        </div>
        <Text className={styles.soft}>Where you are signed in. A session ends by itself after 12 hours. End those that you do not know, and change your password.</Text>
        <Sessions />
      </section>
      <section className={styles.section} aria-label="Your API tokens">
        <div className={styles.head}>
          <Subtitle2 as="h2" className={styles.grow}>Your API tokens</Subtitle2>
          <Explained icon={<AddRegular />} onClick={() => setAsked("token")}>Create a token</Explained>
        </div>
        <Text className={styles.soft}>For scripts and other programs that act for you. A token never may do more than you.</Text>
        <Tokens />
      </section>
      <CreateToken open={asked === "token"} onClose={close} />
      <Confirm
        open={asked === "everywhere"} title="Sign out everywhere?" action="Sign out everywhere" onClose={close}
        onConfirm={async () => {
          await everywhere.mutateAsync({});
          leave();
        }}
      >
        All your sessions end, this one too, in every browser and shell. Your API tokens stay.
      </Confirm>
    </Page>
  );
}
