import { Badge } from "@fluentui/react-components";
import type { Repository } from "@/gen/holdfast/director/v1/inventory_pb";

export function State({ repository: r }: { repository: Repository }) {
  if (r.error) return <Badge color="danger" appearance="tint">Needs a look</Badge>;
  if (!r.attached) return <Badge color="informative" appearance="tint">Detached</Badge>;
  return <Badge color="success" appearance="tint">Attached</Badge>;
}
