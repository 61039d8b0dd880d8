import { useMemo } from "react";
import { Badge, Text } from "@fluentui/react-components";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { DeliveryStatus, NotificationService, type Delivery } from "@/gen/holdfast/director/v1/notification_pb";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { Explained } from "@/parts/Explained";
import { Loaded } from "@/parts/Loaded";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

function State({ delivery: d }: { delivery: Delivery }) {
  if (d.status === DeliveryStatus.SENT) return <Badge color="success" appearance="tint">Sent</Badge>;
  if (d.status === DeliveryStatus.FAILED) return <Badge color="danger" appearance="tint">Given up</Badge>;
  return <Badge color="informative" appearance="tint">Waits</Badge>;
}

/** Reports that were sent, wait, or could not be sent. */
export function Deliveries() {
  const tell = useToasts();
  const forbidden = useForbidden(Role.OPERATOR);
  const list = useQuery(NotificationService.method.listDeliveries, { limit: 1000 }, { refetchInterval: 15_000 });
  const { mutate: retry } = useMutation(NotificationService.method.retryDelivery, {
    onSuccess: async () => {
      await refresh(NotificationService);
      tell.done("It is tried again");
    },
    onError: (e) => tell.failed("It could not be tried again", e),
  });
  const columns = useMemo<DataColumn<Delivery>[]>(
    () => [
      { key: "created", title: "Made", width: "8rem", cell: (d) => <When at={d.created} />, value: (d) => d.created?.seconds },
      { key: "to", title: "To", width: "minmax(9rem, 1fr)", cell: (d) => d.target, value: (d) => d.target },
      { key: "subject", title: "Subject", width: "minmax(9rem, 1.5fr)", cell: (d) => <span title={d.subject}>{d.subject}</span>, value: (d) => d.subject, above: 700 },
      { key: "state", title: "State", width: "6rem", cell: (d) => <State delivery={d} />, value: (d) => d.status },
      { key: "error", title: "What was answered", width: "minmax(8rem, 1.5fr)", cell: (d) => <span title={d.error}>{d.error || "—"}</span>, above: 900 },
      {
        key: "again", title: "Try again", width: "7rem", quiet: true,
        cell: (d) => d.status !== DeliveryStatus.SENT && <Explained size="small" why={forbidden} onClick={() => retry({ deliveryId: d.id })}>Try again</Explained>,
      },
    ],
    [forbidden, retry],
  );
  return (
    <Loaded query={list} what="The deliveries">
      {(data) => (data.deliveries.length === 0 ? <Text>No report was made yet.</Text> : <DataTable label="Deliveries" columns={columns} rows={data.deliveries} rowKey={(d) => d.id} sortedBy="-created" />)}
    </Loaded>
  );
}
