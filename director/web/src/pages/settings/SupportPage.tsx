import { Card, Link, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { Role, useForbidden, useMe } from "@/session/me";
import { download } from "@/api/download";
import { useTransporters } from "@/pages/transporters/hooks";
import { Facts } from "@/parts/Facts";
import { Explained } from "@/parts/Explained";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({
  cards: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(22rem, 100%), 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
  list: { margin: 0, paddingLeft: tokens.spacingHorizontalL },
});

/** What people need who help: versions, and a bundle without secrets and mail. */
export function SupportPage() {
  const styles = useStyles();
  const me = useMe();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const tell = useToasts();
  const transporters = useTransporters().data?.transporters ?? [];
  return (
    <Page title="Support">
      <div className={styles.cards}>
        <Card>
          <Subtitle2 as="h2">Support bundle</Subtitle2>
          <Text>A zip file for people who help you. It holds versions, the configuration, statistics, what went wrong lately, and the last lines of the Director’s log.</Text>
          <ul className={styles.list}>
            <li>No passwords, secrets or keys, and no mail.</li>
            <li>Names and addresses of mailboxes are replaced by made-up ones.</li>
          </ul>
          <div>
            <Explained appearance="primary" why={forbidden} icon={<ArrowDownloadRegular />} onClick={() => download("/download/support-bundle", [], (e) => tell.failed("The bundle could not be made", e))}>
              Download the bundle
            </Explained>
          </div>
        </Card>
        <Card>
          <Subtitle2 as="h2">Versions</Subtitle2>
          <Facts of={[["Director", me.version], ["Its machine", me.site], ...transporters.map((t): [string, string] => [t.name, t.version || "not known"])]} />
        </Card>
        <Card>
          <Subtitle2 as="h2">When you ask for help</Subtitle2>
          <Text>Tell what you did, what you expected, and what happened instead, with the time and its zone. Send with it:</Text>
          <ul className={styles.list}>
            <li>the support bundle, made soon after it happened;</li>
            <li>the message as it stood on the page, with Microsoft’s request-id where there is one;</li>
            <li>the names of the job, the repository or the Transporter.</li>
          </ul>
          <Text>Never send passwords, passphrases, API tokens or client secrets. Documentation is in the folder docs of the product’s sources.</Text>
        </Card>
        <Card>
          <Subtitle2 as="h2">Health</Subtitle2>
          <Text>For monitoring, the Director tells its state under these addresses:</Text>
          <ul className={styles.list}>
            <li><Link href="/healthz" target="_blank">/healthz</Link> – it runs</li>
            <li><Link href="/readyz" target="_blank">/readyz</Link> – it takes calls</li>
            <li>/metrics – figures for Prometheus, with an API token</li>
          </ul>
        </Card>
      </div>
    </Page>
  );
}
