import { Badge, Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { AddRegular, BuildingRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Account } from "@/gen/holdfast/director/v1/inventory_pb";
import { cloudNames, useAccounts } from "@/pages/inventory/hooks";
import { Expiry } from "@/pages/inventory/Expiry";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { EmptyState } from "@/parts/EmptyState";
import { Explained } from "@/parts/Explained";
import { count } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const columns: DataColumn<Account>[] = [
  { key: "name", title: "Name", width: "minmax(10rem, 2fr)", cell: (a) => a.name, value: (a) => a.name },
  { key: "state", title: "State", width: "minmax(9rem, 1fr)", cell: (a) => <State account={a} />, value: (a) => (a.trouble ? "a" : "b") },
  { key: "mailboxes", title: "Mailboxes", width: "7rem", end: true, cell: (a) => count(a.mailboxes), value: (a) => a.mailboxes },
  { key: "credential", title: "Credential", width: "minmax(9rem, 1fr)", cell: (a) => <Expiry account={a} />, above: 760 },
  { key: "cloud", title: "Cloud", width: "minmax(8rem, 1fr)", cell: (a) => cloudNames[a.cloud], value: (a) => cloudNames[a.cloud], above: 980 },
  { key: "refreshed", title: "Mailboxes read", width: "9rem", cell: (a) => <When at={a.refreshed} />, value: (a) => a.refreshed?.seconds, above: 620 },
];

function State({ account }: { account: Account }) {
  if (account.trouble) return <Badge color="danger" appearance="tint">Refused</Badge>;
  if (account.missingPermissions.length > 0) return <Badge color="warning" appearance="tint">Permission missing</Badge>;
  return <Badge color="success" appearance="tint">Works</Badge>;
}

/** The Microsoft 365 accounts that Holdfast knows. */
export function AccountsPage() {
  const navigate = useNavigate();
  const accounts = useAccounts();
  const why = useForbidden(Role.ADMINISTRATOR);
  const add = (
    <Explained appearance="primary" icon={<AddRegular />} why={why} onClick={() => void navigate("/accounts/new")}>Add an account</Explained>
  );
  const list = accounts.data?.accounts ?? [];
  return (
    <Page title="Inventory" about="Microsoft 365 accounts and their mailboxes." actions={list.length > 0 && add} filled>
      <Loaded query={accounts} what="The accounts">
        {() =>
          list.length === 0 ? (
            <EmptyState icon={<BuildingRegular />} title="No Microsoft 365 account yet" actions={add}>
              An account is your organisation at Microsoft. Holdfast signs in to it as an application that you register there; the
              next page says how, step by step.
            </EmptyState>
          ) : (
            <>
              {list.filter((a) => a.trouble).map((a) => (
                <MessageBar key={a.id} intent="error" layout="multiline">
                  <MessageBarBody>
                    <MessageBarTitle>{a.name} could not be reached.</MessageBarTitle> {a.trouble}
                  </MessageBarBody>
                  <MessageBarActions><Button onClick={() => void navigate(`/accounts/${a.id}/edit`)}>Look at its credential</Button></MessageBarActions>
                </MessageBar>
              ))}
              <DataTable label="Accounts" columns={columns} rows={list} rowKey={(a) => a.id} sortedBy="name" onOpen={(a) => void navigate(`/accounts/${a.id}`)} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
