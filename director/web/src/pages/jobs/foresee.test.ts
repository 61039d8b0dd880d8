import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RetentionSchema } from "@/gen/holdfast/director/v1/job_pb";
import { decide } from "@/pages/jobs/foresee";

const daily = (n: number, from = "2026-11-01T22:00:00Z") => Array.from({ length: n }, (_, i) => new Date(Date.parse(from) + i * 86_400_000));
const kept = (times: Date[], r: Parameters<typeof create<typeof RetentionSchema>>[1]) =>
  decide(times, create(RetentionSchema, r)).filter((p) => p.why.length > 0).map((p) => `${p.time.toISOString().slice(5, 10)} ${p.why.join(" ")}`);

test("the last points and the newest stay", () => {
  expect(kept(daily(5), { last: 2 })).toEqual(["11-05 newest last", "11-04 last"]);
});

test("weeks begin on Monday, and each keeps its newest point", () => {
  // 2 November 2026 is a Monday.
  expect(kept(daily(14), { weekly: 3 })).toEqual(["11-14 newest week", "11-08 week", "11-01 week"]);
});

test("days are those of the zone", () => {
  const times = [new Date("2026-11-01T22:30:00Z"), new Date("2026-11-01T23:30:00Z")]; // in Berlin, the second is on 2 November
  expect(kept(times, { daily: 2, zone: "UTC" })).toHaveLength(1);
  expect(kept(times, { daily: 2, zone: "Europe/Berlin" })).toHaveLength(2);
});

test("months and years keep one each", () => {
  expect(kept(daily(70), { monthly: 2, yearly: 2 })).toEqual(["01-09 newest month year", "12-31 month year"]);
});
