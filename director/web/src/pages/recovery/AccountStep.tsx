import { useEffect } from "react";
import { create } from "@bufbuild/protobuf";
import { makeStyles, MessageBar, MessageBarBody, Radio, RadioGroup, Text, tokens } from "@fluentui/react-components";
import { StartRecoveryRequestSchema } from "@/gen/holdfast/director/v1/recovery_pb";
import { accountOf, base, type Draft } from "@/pages/recovery/draft";
import { useAccounts } from "@/pages/recovery/hooks";
import { counted } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

const useStyles = makeStyles({
  option: { display: "flex", flexDirection: "column" },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** The Microsoft 365 account that mail is recovered to. */
export function AccountStep({ draft, change }: { draft: Draft; change: (next: Draft) => void }) {
  const styles = useStyles();
  const accounts = useAccounts();
  const own = base(draft)?.point.accountId ?? "";
  const choose = (id: string) => {
    const request = create(StartRecoveryRequestSchema, { ...draft.request, accountId: id === own ? "" : id, mailboxId: "" });
    change({ ...draft, request, target: undefined });
  };
  const list = accounts.data?.accounts;
  const gone = list && !list.some((a) => a.id === own);
  useEffect(() => {
    // The account of the backup is not in the inventory any more: what is left is chosen when it is the only one.
    if (gone && list.length === 1 && draft.request.accountId === "" && list[0]) choose(list[0].id);
  });
  return (
    <Loaded query={accounts} what="The accounts">
      {(data) => (
        <>
          <Text>The account whose mailboxes the mail is written to. It may be another one than that of the backup, also of another tenant.</Text>
          {gone && (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>The account of this backup is not in the inventory any more. Choose another one, or add it again under Inventory.</MessageBarBody>
            </MessageBar>
          )}
          <RadioGroup value={accountOf(draft)} onChange={(_, d) => choose(d.value)} aria-label="Recovery account">
            {data.accounts.map((a) => (
              <Radio
                key={a.id} value={a.id}
                label={
                  <span className={styles.option}>
                    <span>{a.name}{a.id === own ? " (the account of the backup)" : ""}</span>
                    <Text size={200} className={styles.soft}>{counted(a.mailboxes, "mailbox", "mailboxes")}</Text>
                  </span>
                }
              />
            ))}
          </RadioGroup>
        </>
      )}
    </Loaded>
  );
}
