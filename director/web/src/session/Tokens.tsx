import { useMemo, useState } from "react";
import { makeStyles, Text } from "@fluentui/react-components";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { UserService, type ApiToken } from "@/gen/holdfast/director/v1/auth_pb";
import { Confirm } from "@/parts/Confirm";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { Explained } from "@/parts/Explained";
import { day } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { roleName } from "@/session/me";
import { tableHeight } from "@/session/tableHeight";

const useStyles = makeStyles({ table: { display: "flex", flexDirection: "column", minHeight: 0 } });

function ends(t: ApiToken): string {
  if (!t.expires) return "Never";
  return timestampDate(t.expires).getTime() < Date.now() ? `Expired ${day(t.expires)}` : day(t.expires);
}

/** The API tokens of a user; of who is signed in, without a name. */
export function Tokens({ user = "" }: { user?: string }) {
  const styles = useStyles();
  const tell = useToasts();
  const query = useQuery(UserService.method.listTokens, { user });
  const revoke = useMutation(UserService.method.revokeToken);
  const [asked, setAsked] = useState<ApiToken>();
  const columns = useMemo<DataColumn<ApiToken>[]>(
    () => [
      { key: "name", title: "Name", width: "minmax(8rem, 2fr)", cell: (t) => <span title={t.name}>{t.name}</span>, value: (t) => t.name },
      { key: "role", title: "May do as", width: "8rem", cell: (t) => roleName(t.role), value: (t) => t.role },
      { key: "expires", title: "Expires", width: "minmax(8rem, 1fr)", cell: ends, value: (t) => t.expires?.seconds ?? 1n << 60n },
      { key: "used", title: "Last used", width: "8rem", cell: (t) => <When at={t.lastUsed} />, value: (t) => t.lastUsed?.seconds, above: 700 },
      { key: "remote", title: "From", width: "minmax(7rem, 1fr)", cell: (t) => t.remote || "—", value: (t) => t.remote, above: 860 },
      { key: "revoke", title: "Revoke", width: "7rem", quiet: true, cell: (t) => <Explained size="small" aria-label={`Revoke ${t.name}`} onClick={() => setAsked(t)}>Revoke</Explained> },
    ],
    [],
  );
  return (
    <Loaded query={query} what="The API tokens">
      {({ tokens }) => (
        <>
          {tokens.length === 0 ? (
            <Text>There are none.</Text>
          ) : (
            <div className={styles.table} style={{ height: tableHeight(tokens.length) }}>
              <DataTable label="API tokens" columns={columns} rows={tokens} rowKey={(t) => t.id} sortedBy="name" />
            </div>
          )}
          <Confirm
            open={asked !== undefined} title={`Revoke ${asked?.name ?? ""}?`} action="Revoke the token" onClose={() => setAsked(undefined)}
            onConfirm={async () => {
              if (!asked) return;
              await revoke.mutateAsync({ tokenId: asked.id });
              await refresh(UserService);
              tell.done(`${asked.name} was revoked`);
            }}
          >
            Programs that use it are refused at once. It cannot be taken back; a new token is another one.
          </Confirm>
        </>
      )}
    </Loaded>
  );
}
