import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ScheduleSchema } from "@/gen/holdfast/director/v1/schedule_pb";
import { schedulesOf, whenOf, type When } from "@/pages/recovery/drills/when";

test("what is set comes back", () => {
  for (const w of [
    { how: "weekly", day: 3, date: 1, start: "04:30" }, { how: "monthly", day: 0, date: -1, start: "05:00" }, { how: "never", day: 0, date: 1, start: "03:00" },
  ] satisfies When[]) {
    expect(whenOf(schedulesOf(w, []))).toEqual(w);
  }
});

test("schedules that are not made here stay as they are", () => {
  const odd = [create(ScheduleSchema, { zone: "UTC", when: { case: "periodic", value: { everyMinutes: 90, days: [1] } } })];
  const w = whenOf(odd);
  expect(w.how).toBe("kept");
  expect(schedulesOf(w, odd)).toBe(odd);
});
