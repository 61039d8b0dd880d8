import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { spanOfSeconds } from "@/parts/format";

/** How long something took, or has taken so far. */
export function took(of: { started?: Timestamp | undefined; ended?: Timestamp | undefined }, now = Date.now()): string {
  if (!of.started) return "—";
  const end = of.ended ? timestampMs(of.ended) : now;
  return spanOfSeconds((end - timestampMs(of.started)) / 1000);
}
