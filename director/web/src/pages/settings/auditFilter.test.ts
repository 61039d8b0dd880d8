import { timestampDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { filterOf, formOf } from "@/pages/settings/auditFilter";

test("an address gives a filter, with whole days", () => {
  const f = filterOf(new URLSearchParams("user=anna&area=JobService&failed=true&since=2026-03-01&until=2026-03-31"));
  expect(f).toMatchObject({ user: "anna", area: "JobService", failed: true, object: "" });
  expect(f.since && timestampDate(f.since)).toEqual(new Date(2026, 2, 1));
  expect(f.until && timestampDate(f.until)).toEqual(new Date(2026, 3, 1));
});

test("what is no day is left out", () => {
  expect(filterOf(new URLSearchParams("since=yesterday&until=")).since).toBeUndefined();
});

test("a download has the fields that are set", () => {
  expect(formOf(filterOf(new URLSearchParams("failed=true&since=2026-03-01")))).toEqual([["failed", "true"], ["since", new Date(2026, 2, 1).toISOString()]]);
  expect(formOf(filterOf(new URLSearchParams()))).toEqual([]);
});
