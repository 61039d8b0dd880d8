import { timestampMs, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import { span, spanOfSeconds } from "@/parts/format";

/** How long something took, or has taken so far. */
export function took(of: { started?: Timestamp | undefined; ended?: Timestamp | undefined }, now = Date.now()): string {
  if (!of.started) return "—";
  const end = of.ended ? timestampMs(of.ended) : now;
  return spanOfSeconds((end - timestampMs(of.started)) / 1000);
}

/** A time that something took, in words. */
export function tookText(d: Duration | undefined): string {
  return d ? span(d) : "—";
}
