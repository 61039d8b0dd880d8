import { useMemo } from "react";
import { Badge, makeStyles, Text } from "@fluentui/react-components";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { UserService, type Session } from "@/gen/holdfast/director/v1/auth_pb";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { Explained } from "@/parts/Explained";
import { moment } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { agentName } from "@/session/agent";
import { tableHeight } from "@/session/tableHeight";

const useStyles = makeStyles({ table: { display: "flex", flexDirection: "column", minHeight: 0 } });

/** The sessions of a user that have not ended; of who is signed in, without a name. */
export function Sessions({ user = "" }: { user?: string }) {
  const styles = useStyles();
  const tell = useToasts();
  const query = useQuery(UserService.method.listSessions, { user }, { refetchInterval: 15_000 });
  const { mutate: end } = useMutation(UserService.method.revokeSession, {
    onSuccess: async () => {
      await refresh(UserService);
      tell.done("The session was ended");
    },
    onError: (e) => tell.failed("The session was not ended", e),
  });
  const columns = useMemo<DataColumn<Session>[]>(
    () => [
      { key: "agent", title: "Signed in with", width: "minmax(9rem, 2fr)", cell: (s) => <span title={s.userAgent}>{agentName(s.userAgent)}</span>, value: (s) => agentName(s.userAgent) },
      { key: "remote", title: "From", width: "minmax(7rem, 1fr)", cell: (s) => s.remote || "—", value: (s) => s.remote },
      { key: "used", title: "Last used", width: "8rem", cell: (s) => <When at={s.lastUsed} />, value: (s) => s.lastUsed?.seconds },
      { key: "created", title: "Signed in", width: "8rem", cell: (s) => <When at={s.created} />, value: (s) => s.created?.seconds, above: 760 },
      { key: "expires", title: "Ends", width: "10rem", cell: (s) => moment(s.expires), value: (s) => s.expires?.seconds, above: 860 },
      {
        key: "end", title: "End it", width: "7rem", quiet: true,
        cell: (s) => (s.current ? <Badge color="brand" appearance="tint">This one</Badge> : <Explained size="small" onClick={() => end({ sessionId: s.id })}>End it</Explained>),
      },
    ],
    [end],
  );
  return (
    <Loaded query={query} what="The sessions">
      {({ sessions }) => (sessions.length === 0 ? (
        <Text>Nobody is signed in.</Text>
      ) : (
        <div className={styles.table} style={{ height: tableHeight(sessions.length) }}>
          <DataTable label="Sessions" columns={columns} rows={sessions} rowKey={(s) => s.id} sortedBy="-used" />
        </div>
      ))}
    </Loaded>
  );
}
