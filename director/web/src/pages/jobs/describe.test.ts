import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ScheduleSchema } from "@/gen/holdfast/director/v1/schedule_pb";
import { describe } from "@/pages/jobs/describe";

type Init = Parameters<typeof create<typeof ScheduleSchema>>[1];
const zone = "Europe/Berlin";
const cases: [Init, string][] = [
  [{ zone, when: { case: "weekly", value: { days: [0, 1, 2, 3, 4, 5, 6], start: "22:00", end: "06:00" } } }, "every day at 22:00 until 06:00 on the next day (Europe/Berlin)"],
  [{ zone, from: "2027-01-01", when: { case: "weekly", value: { days: [1, 2, 3, 4, 5], start: "12:00", end: "13:00" } } }, "Monday to Friday at 12:00 until 13:00 (Europe/Berlin), not before 2027-01-01"],
  [{ zone, when: { case: "weekly", value: { days: [0, 4], start: "22:00" } } }, "Thursday, Sunday at 22:00 (Europe/Berlin)"],
  [{ zone, when: { case: "monthly", value: { day: 31, start: "01:00" } } }, "day 31 of every month (or its last day) at 01:00 (Europe/Berlin)"],
  [{ zone, when: { case: "monthly", value: { month: 12, day: -1, start: "01:00" } } }, "the last day of every December at 01:00 (Europe/Berlin)"],
  [{ zone, when: { case: "monthly", value: { ordinal: -1, weekday: 5, start: "01:00" } } }, "the last Friday of every month at 01:00 (Europe/Berlin)"],
  [{ zone, when: { case: "periodic", value: { days: [6], start: "08:00", end: "18:00", everyMinutes: 60 } } }, "Saturday, every hour from 08:00 to 18:00 (Europe/Berlin)"],
  [{ when: { case: "afterJob", value: { jobId: "j", successful: true, stopped: true, delayMinutes: 1 } } }, "1 minute after successful, stopped runs of Daily"],
];

test.each(cases)("%j", (schedule, text) => {
  expect(describe(create(ScheduleSchema, schedule), new Map([["j", "Daily"]]))).toBe(text);
});
