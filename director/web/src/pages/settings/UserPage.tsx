import { useState } from "react";
import { makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { DeleteRegular, KeyResetRegular, PauseRegular, PersonEditRegular, PlayRegular, SignOutRegular } from "@fluentui/react-icons";
import { useQuery } from "@connectrpc/connect-query";
import { useNavigate, useParams } from "react-router";
import { UserService, type User } from "@/gen/holdfast/director/v1/auth_pb";
import { ChangeRole, DeleteUser, Disable, Enable, ResetPassword, SignOutUser } from "@/pages/settings/userDialogs";
import { UserState } from "@/pages/settings/UserState";
import { Explained } from "@/parts/Explained";
import { Facts } from "@/parts/Facts";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { When } from "@/parts/When";
import { Role, roleName, useForbidden, useMe } from "@/session/me";
import { Sessions } from "@/session/Sessions";
import { Tokens } from "@/session/Tokens";

const useStyles = makeStyles({
  section: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, maxWidth: "70rem" },
});

const crumbs = [{ text: "Users", to: "/settings/users" }];

/** One user: what they may do, where they are signed in, and the tokens of their programs. */
export function UserPage() {
  const { name = "" } = useParams();
  const users = useQuery(UserService.method.listUsers, {}, { refetchInterval: 15_000 });
  const user = users.data?.users.find((u) => u.name.toLowerCase() === name.toLowerCase());
  if (user) return <Shown key={user.name} user={user} />;
  return (
    <Page title={name} crumbs={crumbs}>
      <Loaded query={users} what="The user">{() => <Text>There is no user of this name. Perhaps it was deleted.</Text>}</Loaded>
    </Page>
  );
}

type Asked = "role" | "disable" | "enable" | "password" | "signout" | "delete";

function Shown({ user }: { user: User }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const me = useMe();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const [asked, setAsked] = useState<Asked>();
  const last = forbidden ?? (user.lastAdministrator && `${user.name} is the last administrator who can sign in. Make another user administrator first.`);
  const dialog = (what: Asked) => ({ open: asked === what, user, onClose: () => setAsked(undefined) });
  return (
    <Page
      title={user.name} crumbs={crumbs}
      actions={
        <>
          <Explained icon={<PersonEditRegular />} why={last} onClick={() => setAsked("role")}>Change the role</Explained>
          <Explained icon={<KeyResetRegular />} why={forbidden ?? (me.user === user.name && "Change your own under Password and sessions.")} onClick={() => setAsked("password")}>Reset the password</Explained>
          {user.disabled ? (
            <Explained icon={<PlayRegular />} why={forbidden} onClick={() => setAsked("enable")}>Enable</Explained>
          ) : (
            <Explained icon={<PauseRegular />} why={last} onClick={() => setAsked("disable")}>Disable</Explained>
          )}
          <Explained icon={<DeleteRegular />} why={last} onClick={() => setAsked("delete")}>Delete</Explained>
        </>
      }
    >
      <Facts
        of={[
          ["Role", roleName(user.role)], ["State", <UserState key="state" user={user} />], ["Last sign-in", <When key="last" at={user.lastSignIn} />],
          ["Password set", !user.passwordChangeRequired && <When key="set" at={user.passwordSet} />], ["Created", <When key="created" at={user.created} />],
        ]}
      />
      <section className={styles.section} aria-label="Sessions">
        <Subtitle2 as="h2">Sessions</Subtitle2>
        <Sessions user={user.name} />
        <div>
          <Explained
            icon={<SignOutRegular />} why={forbidden ?? (user.sessions + user.tokens === 0 && "There is no session and no API token.")} onClick={() => setAsked("signout")}
          >
            Sign out everywhere
          </Explained>
        </div>
      </section>
      <section className={styles.section} aria-label="API tokens">
        <Subtitle2 as="h2">API tokens</Subtitle2>
        <Tokens user={user.name} />
      </section>
      <ChangeRole {...dialog("role")} />
      <ResetPassword {...dialog("password")} />
      <Disable {...dialog("disable")} />
      <Enable {...dialog("enable")} />
      <SignOutUser {...dialog("signout")} />
      <DeleteUser {...dialog("delete")} onDeleted={async () => navigate("/settings/users")} />
    </Page>
  );
}
