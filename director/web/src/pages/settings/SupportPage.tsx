import { Button, Card, Link, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { useMe } from "@/session/me";
import { download } from "@/api/download";
import { useTransporters } from "@/pages/transporters/hooks";
import { Facts } from "@/parts/Facts";
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
  const tell = useToasts();
  const transporters = useTransporters().data?.transporters ?? [];
  return (
    <Page title="Support">
      <div className={styles.cards}>
        <Card>
          <Subtitle2 as="h2">Support bundle</Subtitle2>
          <Text>A zip file for people who help you. It holds versions, the configuration, statistics, and what went wrong lately.</Text>
          <ul className={styles.list}>
            <li>No passwords, secrets or keys, and no mail.</li>
            <li>Names and addresses of mailboxes are replaced by made-up ones.</li>
          </ul>
          <div>
            <Button appearance="primary" icon={<ArrowDownloadRegular />} onClick={() => download("/download/support-bundle", [], (e) => tell.failed("The bundle could not be made", e))}>
              Download the bundle
            </Button>
          </div>
        </Card>
        <Card>
          <Subtitle2 as="h2">Versions</Subtitle2>
          <Facts of={[["Director", me.version], ["Its machine", me.site], ...transporters.map((t): [string, string] => [t.name, t.version || "not known"])]} />
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
