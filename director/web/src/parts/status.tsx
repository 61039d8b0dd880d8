import { Badge } from "@fluentui/react-components";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";

type Color = "success" | "warning" | "danger" | "informative" | "brand";

const words: Record<RunStatus, [string, Color]> = {
  [RunStatus.UNSPECIFIED]: ["Unknown", "informative"],
  [RunStatus.QUEUED]: ["Waiting", "informative"],
  [RunStatus.RUNNING]: ["Running", "brand"],
  [RunStatus.STOPPING]: ["Stopping", "warning"],
  [RunStatus.SUCCEEDED]: ["Succeeded", "success"],
  [RunStatus.INCOMPLETE]: ["With losses", "warning"],
  [RunStatus.FAILED]: ["Failed", "danger"],
  [RunStatus.STOPPED]: ["Stopped", "warning"],
};

/** How a run or an activity stands, in a word. */
export function StatusBadge({ status }: { status: RunStatus }) {
  const [text, color] = words[status];
  return <Badge color={color} appearance="tint">{text}</Badge>;
}

export function statusWord(status: RunStatus): string {
  return words[status][0];
}

/** Whether nothing more will come of it. */
export function ended(status: RunStatus): boolean {
  return status === RunStatus.SUCCEEDED || status === RunStatus.INCOMPLETE || status === RunStatus.FAILED || status === RunStatus.STOPPED;
}
