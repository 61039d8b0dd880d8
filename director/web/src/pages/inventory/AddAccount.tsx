import { useState } from "react";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { AccountService } from "@/gen/holdfast/director/v1/inventory_pb";
import { AccountForm } from "@/pages/inventory/AccountForm";
import { keep, newDraft, problemOf, type Draft } from "@/pages/inventory/draft";
import { Instructions } from "@/pages/inventory/Instructions";
import { TestResult } from "@/pages/inventory/TestResult";
import { useToasts } from "@/parts/Toasts";
import { counted } from "@/parts/format";
import { Wizard } from "@/parts/Wizard";
import { Role, useForbidden } from "@/session/me";

/** Adds a Microsoft 365 account: how to register the application, its credential, the test, and only then it is kept. */
export function AddAccount() {
  const tell = useToasts();
  const add = useMutation(AccountService.method.addAccount);
  const [good, setGood] = useState(false);
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  return (
    <Wizard<Draft>
      title="Add a Microsoft 365 account" crumbs={[{ text: "Inventory", to: "/accounts" }]} base="/accounts/new" back="/accounts" initial={newDraft()} keep={keep}
      steps={[
        { key: "application", title: "Application", content: () => <Instructions /> },
        { key: "credential", title: "Credential", problem: (d) => problemOf(d), content: (d, change) => <AccountForm draft={d} change={change} /> },
        { key: "test", title: "Test", content: (d) => <TestResult draft={d} onTested={setGood} /> },
      ]}
      finish={[
        {
          title: "Add the account", primary: true, why: () => forbidden ?? (good ? undefined : "The test has to pass first."),
          act: async (d) => {
            const answer = await add.mutateAsync({ account: d.account, credential: d.credential });
            await refresh(AccountService);
            const account = answer.account;
            tell.done(`${account?.name ?? "The account"} was added`, answer.refreshError || counted(account?.mailboxes ?? 0n, "mailbox was read", "mailboxes were read"));
            return `/accounts/${account?.id ?? ""}`;
          },
        },
      ]}
    />
  );
}
