import { Badge } from "@fluentui/react-components";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { CertificateOf, OverviewService, type Certificate } from "@/gen/holdfast/director/v1/overview_pb";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { day } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";

const kinds: Record<CertificateOf, string> = {
  [CertificateOf.UNSPECIFIED]: "",
  [CertificateOf.API]: "These pages, and the command line",
  [CertificateOf.DIRECTOR]: "The Director, for its Transporters",
  [CertificateOf.AUTHORITY]: "The Director’s own authority",
  [CertificateOf.TRANSPORTER]: "Transporter",
  [CertificateOf.ACCOUNT]: "Sign-in to Microsoft",
};

/** From so many days before its end on, a certificate that does not renew itself is warned of. */
const warnDays = 30;

function Until({ certificate: c }: { certificate: Certificate }) {
  if (c.error) return <Badge color="danger" appearance="tint">Cannot be read</Badge>;
  if (!c.expires) return <>—</>;
  const days = (timestampDate(c.expires).getTime() - Date.now()) / 86_400_000;
  if (days < 0) return <Badge color="danger" appearance="tint">Expired {day(c.expires)}</Badge>;
  if (days < warnDays && !c.renewed) return <Badge color="warning" appearance="tint">{day(c.expires)}</Badge>;
  return <>{day(c.expires)}</>;
}

function what(c: Certificate): string {
  return c.name ? `${kinds[c.of]}: ${c.name}` : kinds[c.of];
}

function care(c: Certificate): string {
  if (c.error) return c.error;
  if (c.remedy) return c.remedy;
  return c.renewed ? "Renewed by itself." : "Nothing to do now.";
}

const columns: DataColumn<Certificate>[] = [
  { key: "of", title: "Certificate of", width: "minmax(13rem, 1.5fr)", cell: (c) => <span title={what(c)}>{what(c)}</span>, value: what },
  { key: "names", title: "Good for", width: "minmax(9rem, 1fr)", cell: (c) => <span title={c.names.join(", ")}>{c.names.join(", ") || c.subject || "—"}</span>, above: 820 },
  { key: "expires", title: "Until", width: "9rem", cell: (c) => <Until certificate={c} />, value: (c) => c.expires?.seconds },
  { key: "care", title: "What to do", width: "minmax(10rem, 1.5fr)", cell: (c) => <span title={care(c)}>{care(c)}</span> },
  { key: "print", title: "Fingerprint", width: "minmax(8rem, 1fr)", cell: (c) => <span title={c.fingerprint}>{c.fingerprint || "—"}</span>, above: 1080 },
];

/** All certificates on which the trust between the parts rests. */
export function CertificatesPage() {
  const certificates = useQuery(OverviewService.method.listCertificates, {});
  return (
    <Page title="Certificates" about="To have these pages under a certificate of your own, name its files in the Director’s configuration (tls-cert, tls-key). It is read again when the files change." filled>
      <Loaded query={certificates} what="The certificates">
        {(data) => <DataTable label="Certificates" columns={columns} rows={data.certificates} rowKey={(c) => `${c.of} ${c.transporterId} ${c.accountId} ${c.name} ${c.fingerprint}`} sortedBy="expires" />}
      </Loaded>
    </Page>
  );
}
