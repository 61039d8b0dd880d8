import { Badge, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { Way } from "@/gen/holdfast/director/v1/inventory_pb";
import { DataTable, type DataColumn } from "@/parts/DataTable";

const columns: DataColumn<Way>[] = [
  { key: "from", title: "From", width: "minmax(7rem, 1fr)", cell: (w) => w.fromName || "Director", value: (w) => w.fromName },
  { key: "to", title: "To", width: "minmax(7rem, 1fr)", cell: (w) => w.toName || "Director", value: (w) => w.toName },
  { key: "address", title: "Address", width: "minmax(8rem, 1fr)", cell: (w) => w.address, above: 760 },
  { key: "result", title: "Result", width: "minmax(10rem, 2fr)", cell: (w) => (w.error ? <span title={w.error}><Badge color="danger" appearance="tint">Fails</Badge> {w.error}</span> : <Badge color="success" appearance="tint">Works</Badge>) },
  { key: "time", title: "There and back", width: "8rem", end: true, cell: (w) => (w.error ? "—" : `${(Number(w.microseconds) / 1000).toFixed(1)} ms`), value: (w) => w.microseconds, above: 640 },
];

/** What a test of the connections found. */
export function Ways({ ways }: { ways: Way[] }) {
  const broken = ways.filter((w) => w.error);
  return (
    <>
      <MessageBar intent={broken.length > 0 ? "error" : "success"} layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>{broken.length > 0 ? `${broken.length} of ${ways.length} connections fail.` : "All connections work."}</MessageBarTitle>{" "}
          {broken[0]?.error}
        </MessageBarBody>
      </MessageBar>
      <div style={{ display: "flex", flexDirection: "column", height: `${Math.min(ways.length + 1, 8) * 44 + 2}px`, flexShrink: 0 }}>
        <DataTable label="Connections" columns={columns} rows={ways} rowKey={(w) => `${w.fromId} ${w.toId} ${w.address}`} />
      </div>
    </>
  );
}
