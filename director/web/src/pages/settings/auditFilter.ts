import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { AuditFilterSchema, type AuditFilter } from "@/gen/holdfast/director/v1/auth_pb";

/** What the list is filtered by, as it stands in the address; days are as "2026-01-31", in the user's zone. */
export const fields = ["user", "area", "object", "since", "until", "failed"] as const;
export type Field = (typeof fields)[number];

/** Reads the filter of an address. A day that is none is left out; the last day is meant with all its hours. */
export function filterOf(params: URLSearchParams): AuditFilter {
  const text = (field: Field) => (params.get(field) ?? "").trim();
  return create(AuditFilterSchema, {
    user: text("user"), area: text("area"), object: text("object"), failed: text("failed") === "true", since: midnight(text("since"), 0), until: midnight(text("until"), 1),
  });
}

/** The beginning of a day, or of one so many days after it. */
function midnight(day: string, after: number): Timestamp | undefined {
  const [, y, m, d] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (!y || !m || !d) return undefined;
  return timestampFromDate(new Date(Number(y), Number(m) - 1, Number(d) + after));
}

/** The same for a download. */
export function formOf(f: AuditFilter): [name: string, value: string][] {
  const all: [string, string][] = [
    ["user", f.user], ["area", f.area], ["object", f.object], ["failed", f.failed ? "true" : ""],
    ["since", f.since ? timestampDate(f.since).toISOString() : ""], ["until", f.until ? timestampDate(f.until).toISOString() : ""],
  ];
  return all.filter(([, value]) => value !== "");
}
