import { useEffect, useState } from "react";
import { Tooltip } from "@fluentui/react-components";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { ago, moment, zone } from "@/parts/format";

/** A moment as distance from now, with date, time and zone when pointed at. */
export function When({ at, none = "never" }: { at: Timestamp | undefined; none?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((n) => n + 1), 30_000);
    return () => window.clearInterval(timer);
  }, []);
  if (!at) return <>{none}</>;
  return (
    <Tooltip content={`${moment(at)} (${zone})`} relationship="description">
      <time>{ago(at)}</time>
    </Tooltip>
  );
}
