import { Badge } from "@fluentui/react-components";
import type { Transporter } from "@/gen/holdfast/director/v1/inventory_pb";
import { concerns } from "@/pages/transporters/hooks";

export function State({ transporter }: { transporter: Transporter }) {
  if (!transporter.reachable) return <Badge color="danger" appearance="tint">Out of reach</Badge>;
  if (concerns(transporter).length > 0) return <Badge color="warning" appearance="tint">Needs a look</Badge>;
  return <Badge color="success" appearance="tint">Ready</Badge>;
}
