import { durationMs, timestampMs, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import { spanOfSeconds } from "@/parts/format";

/** How long something took, or has taken so far. */
export function took(of: { started?: Timestamp | undefined; ended?: Timestamp | undefined }, now = Date.now()): string {
  if (!of.started) return "—";
  const end = of.ended ? timestampMs(of.ended) : now;
  return inWords(end - timestampMs(of.started));
}

/** A time that something took, in words. */
export function tookText(d: Duration | undefined): string {
  return d ? inWords(durationMs(d)) : "—";
}

function inWords(ms: number): string {
  return ms < 1000 ? "under 1 s" : spanOfSeconds(ms / 1000);
}
