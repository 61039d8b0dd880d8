import { create } from "@bufbuild/protobuf";
import { AfterJobSchema, MonthlySchema, PeriodicSchema, ScheduleSchema, WeeklySchema, type Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { zone } from "@/parts/format";

export type Kind = "weekly" | "monthly" | "periodic" | "afterJob";

export const kinds: [Kind, string][] = [
  ["weekly", "Daily or weekly"], ["monthly", "Monthly or yearly"], ["periodic", "Again and again"], ["afterJob", "After another job"],
];

/** The days of the week from Monday on; 0 is Sunday. */
export const days: [number, string][] = [[1, "Monday"], [2, "Tuesday"], [3, "Wednesday"], [4, "Thursday"], [5, "Friday"], [6, "Saturday"], [0, "Sunday"]];
export const everyDay = [0, 1, 2, 3, 4, 5, 6];
export const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
export const ordinals: [number, string][] = [[1, "first"], [2, "second"], [3, "third"], [4, "fourth"], [-1, "last"]];

/** A schedule of a kind, as it begins. */
export function fresh(kind: Kind, old?: Schedule): Schedule {
  const base = { zone: kind === "afterJob" ? "" : old?.zone || zone, from: old?.from ?? "" };
  switch (kind) {
    case "weekly": return create(ScheduleSchema, { ...base, when: { case: "weekly", value: create(WeeklySchema, { days: everyDay, start: "22:00" }) } });
    case "monthly": return create(ScheduleSchema, { ...base, when: { case: "monthly", value: create(MonthlySchema, { day: 1, start: "22:00" }) } });
    case "periodic": return create(ScheduleSchema, { ...base, when: { case: "periodic", value: create(PeriodicSchema, { days: everyDay, start: "08:00", end: "18:00", everyMinutes: 120 }) } });
    case "afterJob": return create(ScheduleSchema, { ...base, when: { case: "afterJob", value: create(AfterJobSchema, { successful: true }) } });
  }
}

const clock = /^([01]\d|2[0-3]):[0-5]\d$/;

/** What is wrong with a schedule, for a person; undefined when nothing is. */
export function wrong(s: Schedule): string | undefined {
  const w = s.when;
  if (w.case === undefined) return "choose when it starts";
  if (w.case === "afterJob") {
    if (!w.value.jobId) return "choose the job that it follows";
    if (!w.value.successful && !w.value.failed && !w.value.stopped) return "choose after which ends it starts";
    if (!Number.isInteger(w.value.delayMinutes) || w.value.delayMinutes < 0 || w.value.delayMinutes > 7 * 24 * 60) return "the wait is at most seven days";
    return undefined;
  }
  if (!clock.test(w.value.start)) return "enter a start time";
  if (w.value.end !== "" && !clock.test(w.value.end)) return "enter an end time";
  if (!s.zone) return "choose a time zone";
  if (s.from !== "" && !/^\d{4}-\d\d-\d\d$/.test(s.from)) return "the date is not complete";
  if (w.case !== "monthly" && w.value.days.length === 0) return "choose at least one day of the week";
  if (w.case === "periodic" && (!Number.isInteger(w.value.everyMinutes) || w.value.everyMinutes < 1 || w.value.everyMinutes > 1440)) return "starts are 1 minute to 24 hours apart";
  if (w.case === "monthly" && w.value.ordinal === 0 && w.value.day !== -1 && (w.value.day < 1 || w.value.day > 31)) return "choose a day of the month";
  return undefined;
}

/** The first thing that is wrong with any of them. */
export function anyWrong(list: Schedule[]): string | undefined {
  for (const [i, s] of list.entries()) {
    const text = wrong(s);
    if (text) return list.length === 1 ? `The schedule: ${text}.` : `Schedule ${i + 1}: ${text}.`;
  }
  return undefined;
}

/** Zones that the browser knows. */
export const zones: string[] = ["UTC", ...Intl.supportedValuesOf("timeZone")];
