import { Subtitle2, Text } from "@fluentui/react-components";
import { sentence } from "@/api/fault";
import type { Loss } from "@/gen/holdfast/director/v1/inventory_pb";
import { useJobStyles } from "@/pages/jobs/styles";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { capital, count } from "@/parts/format";

const columns: DataColumn<Loss>[] = [
  { key: "what", title: "What", width: "minmax(8rem, 1fr)", cell: (l) => capital(l.what) || "A message", value: (l) => l.what },
  { key: "subject", title: "Subject", width: "minmax(8rem, 1fr)", cell: (l) => l.subject || "—", value: (l) => l.subject },
  { key: "reason", title: "Why", width: "minmax(14rem, 2fr)", cell: (l) => <span title={l.reason}>{sentence(l.reason)}</span>, value: (l) => l.reason },
  { key: "id", title: "Microsoft’s request-id", width: "minmax(10rem, 1fr)", cell: (l) => l.requestId || "—", value: (l) => l.requestId, above: 860 },
];

/** What could not be kept, and why. */
export function Losses({ losses, more }: { losses: Loss[]; more: bigint }) {
  const styles = useJobStyles();
  return (
    <section className={styles.tight} aria-label="What could not be kept">
      <Subtitle2 as="h2">What could not be kept</Subtitle2>
      <Text className={styles.soft}>
        The next run tries each of these again. For what Microsoft refuses again and again, give their support the request-id.
        {more > 0n && ` ${count(more)} more are not listed.`}
      </Text>
      <div className={styles.tall} style={{ height: "18rem" }}>
        <DataTable label="What could not be kept" columns={columns} rows={losses} rowKey={(l) => `${l.folderId} ${l.messageId} ${l.what}`} />
      </div>
    </section>
  );
}
