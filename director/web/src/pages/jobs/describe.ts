import type { Monthly, Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { counted } from "@/parts/format";
import { days, months, ordinals } from "@/parts/schedule/schedules";

/** Days of the week in words. */
function daysText(list: number[]): string {
  const on = days.filter(([d]) => list.includes(d));
  if (on.length === 7) return "every day";
  if (on.length === 5 && !list.includes(0) && !list.includes(6)) return "Monday to Friday";
  return on.map(([, name]) => name).join(", ") || "on no day";
}

function monthlyText(m: Monthly): string {
  const of = m.month === 0 ? "every month" : `every ${months[m.month - 1] ?? ""}`;
  if (m.ordinal !== 0) return `the ${ordinals.find(([n]) => n === m.ordinal)?.[1] ?? ""} ${days.find(([d]) => d === m.weekday)?.[1] ?? ""} of ${of}`;
  if (m.day === -1) return `the last day of ${of}`;
  return m.day > 28 ? `day ${m.day} of ${of} (or its last day)` : `day ${m.day} of ${of}`;
}

/** A span of minutes as one says it after "every". */
function everyText(minutes: number): string {
  if (minutes % 60 === 0) return minutes === 60 ? "hour" : `${minutes / 60} hours`;
  return minutes === 1 ? "minute" : `${minutes} minutes`;
}

/**
 * A schedule in a line, whether it is saved or not: as the Director writes it. Jobs are the names of those that it may follow,
 * by id.
 */
export function describe(s: Schedule, jobs: ReadonlyMap<string, string>): string {
  const w = s.when;
  if (w.case === undefined) return "not set";
  if (w.case === "afterJob") {
    const a = w.value;
    const ends = [a.successful && "successful", a.failed && "failed", a.stopped && "stopped"].filter(Boolean).join(", ");
    return `${a.delayMinutes > 0 ? `${counted(a.delayMinutes, "minute")} ` : ""}after ${ends} runs of ${jobs.get(a.jobId) ?? "a job that is gone"}`;
  }
  const { start, end } = w.value;
  const until = end ? ` until ${end}${end <= start ? " on the next day" : ""}` : "";
  const zone = ` (${s.zone})${s.from ? `, not before ${s.from}` : ""}`;
  switch (w.case) {
    case "weekly": return `${daysText(w.value.days)} at ${start}${until}${zone}`;
    case "monthly": return `${monthlyText(w.value)} at ${start}${until}${zone}`;
    case "periodic": return `${daysText(w.value.days)}, every ${everyText(w.value.everyMinutes)} from ${start}${end ? ` to ${end}` : ""}${zone}`;
  }
}
