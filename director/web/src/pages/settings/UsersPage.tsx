import { useState } from "react";
import { Badge, makeStyles, SearchBox } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useQuery } from "@connectrpc/connect-query";
import { useNavigate, useSearchParams } from "react-router";
import { UserService, type User } from "@/gen/holdfast/director/v1/auth_pb";
import { CreateUser } from "@/pages/settings/CreateUser";
import { stateOf, UserState } from "@/pages/settings/UserState";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { Explained } from "@/parts/Explained";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { When } from "@/parts/When";
import { Role, roleName, useForbidden, useMe } from "@/session/me";

const useStyles = makeStyles({ search: { maxWidth: "24rem" } });

/** The address of a user's page. */
export function userPath(name: string): string {
  return `/settings/users/${encodeURIComponent(name)}`;
}

/** Who may sign in, and what they may do. */
export function UsersPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const me = useMe();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const [params, setParams] = useSearchParams();
  const search = params.get("search") ?? "";
  const [creating, setCreating] = useState(false);
  const users = useQuery(UserService.method.listUsers, {}, { refetchInterval: 15_000 });
  const columns: DataColumn<User>[] = [
    { key: "name", title: "Name", width: "minmax(9rem, 2fr)", cell: (u) => <>{u.name}{u.name === me.user && <> <Badge appearance="tint">You</Badge></>}</>, value: (u) => u.name },
    { key: "role", title: "Role", width: "8rem", cell: (u) => roleName(u.role), value: (u) => u.role },
    { key: "state", title: "State", width: "10rem", cell: (u) => <UserState user={u} />, value: stateOf },
    { key: "last", title: "Last sign-in", width: "9rem", cell: (u) => <When at={u.lastSignIn} />, value: (u) => u.lastSignIn?.seconds },
    { key: "created", title: "Created", width: "9rem", cell: (u) => <When at={u.created} />, value: (u) => u.created?.seconds, above: 1000 },
    { key: "sessions", title: "Sessions", width: "6rem", end: true, cell: (u) => u.sessions, value: (u) => u.sessions, above: 760 },
    { key: "tokens", title: "API tokens", width: "7rem", end: true, cell: (u) => u.tokens, value: (u) => u.tokens, above: 880 },
  ];
  return (
    <Page
      title="Users" about="Who may sign in, and what they may do." filled
      actions={<Explained appearance="primary" icon={<AddRegular />} why={forbidden} onClick={() => setCreating(true)}>Create a user</Explained>}
    >
      <SearchBox
        className={styles.search} aria-label="Search users" placeholder="Name" value={search}
        onChange={(_, d) => setParams(d.value ? { search: d.value } : {}, { replace: true })}
      />
      <Loaded query={users} what="The users">
        {(data) => (
          <DataTable label="Users" columns={columns} rows={data.users} rowKey={(u) => u.name} search={search} sortedBy="name" onOpen={(u) => void navigate(userPath(u.name))} />
        )}
      </Loaded>
      <CreateUser open={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}
