import { Link, makeStyles, Text, tokens } from "@fluentui/react-components";

const useStyles = makeStyles({
  list: { margin: 0, paddingLeft: tokens.spacingHorizontalXXL, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "46rem" },
  code: { fontFamily: tokens.fontFamilyMonospace, backgroundColor: tokens.colorNeutralBackground3, padding: "0 4px", borderRadius: tokens.borderRadiusSmall },
});

/** How the application is registered at Microsoft. */
export function Instructions() {
  const styles = useStyles();
  const code = (text: string) => <span className={styles.code}>{text}</span>;
  return (
    <>
      <Text>
        Holdfast signs in to Microsoft 365 as an application of your own. Registering one takes about five minutes, once, by somebody who
        administers Microsoft Entra.
      </Text>
      <ol className={styles.list}>
        <li>
          Open the <Link href="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade" target="_blank" rel="noreferrer" inline>Entra admin center</Link>:
          App registrations → New registration. Any name, for example “Holdfast backup”. No redirect address is needed.
        </li>
        <li>
          API permissions → Add a permission → Microsoft Graph → <b>Application permissions</b>: {code("User.Read.All")} and{" "}
          {code("Mail.ReadWrite")}. {code("Mail.Read")} in its place is enough to back up, not to recover. {code("MailboxSettings.Read")} as well lets
          shared and room mailboxes be told from those of people.
        </li>
        <li>Press <b>Grant admin consent</b> on the same page. Without it Microsoft ignores the permissions.</li>
        <li>
          Certificates &amp; secrets → upload a certificate, or make a client secret. Copy the secret’s <i>value</i>, which is shown once, and note
          the day it expires.
        </li>
        <li>From the application’s overview, copy the <b>Directory (tenant) ID</b> and the <b>Application (client) ID</b>. The next step asks for them.</li>
      </ol>
      <Text>To keep some mailboxes out of reach, confine the application with RBAC for Applications in Exchange Online.</Text>
    </>
  );
}
