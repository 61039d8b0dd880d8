import { useState } from "react";
import { Button, makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { useNavigate, useParams } from "react-router";
import { refresh } from "@/api/refresh";
import { AccountService, AddAccountRequestSchema, CredentialSchema, type Account } from "@/gen/holdfast/director/v1/inventory_pb";
import { AccountForm } from "@/pages/inventory/AccountForm";
import { problemOf, type Draft } from "@/pages/inventory/draft";
import { useAccount, useAccounts } from "@/pages/inventory/hooks";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({ foot: { display: "flex", gap: tokens.spacingHorizontalS } });

/** Changes an account: its name, its application, another secret before the old one expires. */
export function EditAccount() {
  const { id = "" } = useParams();
  const accounts = useAccounts();
  const account = useAccount(id);
  return (
    <Loaded query={accounts} what="The account">
      {() => (account ? <Form key={account.id} account={account} /> : <Page title="There is no such account" crumbs={[{ text: "Inventory", to: "/accounts" }]}><Text>It was removed, or the address is mistyped.</Text></Page>)}
    </Loaded>
  );
}

function Form({ account }: { account: Account }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const [draft, setDraft] = useState<Draft>(() => create(AddAccountRequestSchema, { account: { ...account, credential: account.credential || "secret" }, credential: create(CredentialSchema) }));
  const back = `/accounts/${account.id}`;
  const save = useMutation(AccountService.method.updateAccount, {
    onSuccess: async () => {
      await refresh(AccountService);
      tell.done(`${draft.account?.name ?? "The account"} was saved`, "Microsoft took the credential.");
      void navigate(back);
    },
  });
  const entered = !!draft.credential && (draft.credential.clientSecret !== "" || draft.credential.certificate.length > 0);
  const problem = problemOf(draft, draft.account?.credential === account.credential);
  return (
    <Page title={`Edit ${account.name}`} crumbs={[{ text: "Inventory", to: "/accounts" }, { text: account.name, to: back }]}>
      <AccountForm draft={draft} change={setDraft} stored />
      {save.error && <FaultNote title="The account was not saved" error={save.error} />}
      <div className={styles.foot}>
        <Explained
          appearance="primary" why={forbidden ?? problem ?? (save.isPending && "Holdfast is signing in to Microsoft.")} icon={save.isPending ? <Spinner size="tiny" /> : undefined}
          onClick={() => save.mutate({ account: draft.account, credential: entered ? draft.credential : undefined })}
        >
          Test and save
        </Explained>
        <Button onClick={() => void navigate(back)}>Cancel</Button>
      </div>
    </Page>
  );
}
