import { create } from "@bufbuild/protobuf";
import { ScheduleSchema, type Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { zone } from "@/parts/format";

/** When a drill starts by itself, as far as it is set here; other schedules come from the shell, and stay until replaced. */
export interface When {
  how: "never" | "weekly" | "monthly" | "kept";
  /** 0 Sunday to 6 Saturday. */
  day: number;
  /** Of the month; -1 is the last. */
  date: number;
  /** "03:00" */
  start: string;
}

export const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

export function whenOf(schedules: Schedule[]): When {
  const plain: When = { how: "never", day: 0, date: 1, start: "03:00" };
  const [only, ...more] = schedules;
  if (!only) return plain;
  const w = only.when;
  if (more.length === 0 && only.from === "") {
    if (w.case === "weekly" && w.value.days.length === 1 && w.value.end === "") return { ...plain, how: "weekly", day: w.value.days[0] ?? 0, start: w.value.start };
    if (w.case === "monthly" && w.value.month === 0 && w.value.day !== 0 && w.value.end === "") return { ...plain, how: "monthly", date: w.value.day, start: w.value.start };
  }
  return { ...plain, how: "kept" };
}

/** The schedules that say so; those of before where nothing was changed. */
export function schedulesOf(w: When, before: Schedule[]): Schedule[] {
  const own = before[0]?.zone || zone;
  if (w.how === "kept") return before;
  if (w.how === "weekly") return [create(ScheduleSchema, { zone: own, when: { case: "weekly", value: { days: [w.day], start: w.start } } })];
  if (w.how === "monthly") return [create(ScheduleSchema, { zone: own, when: { case: "monthly", value: { day: w.date, start: w.start } } })];
  return [];
}
