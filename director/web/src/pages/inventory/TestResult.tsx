import { Button, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Text, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, DismissCircleFilled, WarningFilled } from "@fluentui/react-icons";
import { useMutation } from "@connectrpc/connect-query";
import { useEffect, useRef } from "react";
import { AccountService, type Permission } from "@/gen/holdfast/director/v1/inventory_pb";
import type { Draft } from "@/pages/inventory/draft";
import { FaultNote } from "@/parts/FaultNote";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  item: { display: "flex", gap: tokens.spacingHorizontalS, alignItems: "flex-start" },
  good: { color: tokens.colorStatusSuccessForeground1, flexShrink: 0, fontSize: "20px" },
  bad: { color: tokens.colorStatusDangerForeground1, flexShrink: 0, fontSize: "20px" },
  warn: { color: tokens.colorStatusWarningForeground1, flexShrink: 0, fontSize: "20px" },
});

/** Signs in with a draft's credential, as the page opens and when asked again, and tells what is permitted. */
export function TestResult({ draft, accountId = "", onTested }: { draft: Draft; accountId?: string; onTested: (good: boolean) => void }) {
  const styles = useStyles();
  const test = useMutation(AccountService.method.testAccount, {
    onSuccess: (answer) => onTested(answer.permissions.every((p) => p.granted || !p.required)),
    onError: () => onTested(false),
  });
  const begun = useRef(false);
  const go = () => test.mutate({ accountId, account: draft.account, credential: draft.credential });
  useEffect(() => {
    if (!begun.current) {
      begun.current = true;
      go();
    }
  });
  if (test.isPending || test.isIdle) return <Spinner label="Signing in to Microsoft" labelPosition="after" style={{ alignSelf: "flex-start" }} />;
  const again = <Button onClick={go} style={{ alignSelf: "flex-start" }}>Test again</Button>;
  if (test.error) {
    return (
      <>
        <FaultNote title="Holdfast could not sign in" error={test.error} />
        <Text>Go back to correct what was entered, or change the application at Microsoft and test again. New permissions and secrets take up to some minutes to work.</Text>
        {again}
      </>
    );
  }
  const permissions = test.data.permissions;
  const missing = permissions.filter((p) => !p.granted);
  return (
    <>
      <MessageBar intent={missing.some((p) => p.required) ? "error" : missing.length > 0 ? "warning" : "success"} layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>{missing.length === 0 ? "Everything works." : missing.some((p) => p.required) ? "Signed in, but a permission is missing that backups need." : "Signed in. Some things will not work:"}</MessageBarTitle>
        </MessageBarBody>
      </MessageBar>
      <ul className={styles.list}>
        {permissions.map((p) => <li key={p.name} className={styles.item}><Mark permission={p} /><span><b>{p.name}</b>{p.granted ? " is granted." : ` is missing. ${p.cost}`}</span></li>)}
      </ul>
      {again}
    </>
  );
}

function Mark({ permission }: { permission: Permission }) {
  const styles = useStyles();
  if (permission.granted) return <CheckmarkCircleFilled className={styles.good} aria-label="Granted" />;
  if (permission.required) return <DismissCircleFilled className={styles.bad} aria-label="Missing" />;
  return <WarningFilled className={styles.warn} aria-label="Missing" />;
}
