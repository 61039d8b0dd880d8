import type { Retention } from "@/gen/holdfast/director/v1/job_pb";

/** Why a point stays. */
export type Why = "newest" | "last" | "day" | "week" | "month" | "year";

/** A point that would be made, and why it would stay; it would go without any reason. */
export interface Foreseen {
  time: Date;
  why: Why[];
}

/** The days of a zone as text that sorts: "2026-11-22". */
function dayIn(zone: string): (t: Date) => string {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: zone || "UTC", year: "numeric", month: "2-digit", day: "2-digit" });
  return (t) => format.format(t);
}

/** The Monday of a day's week. */
function weekOf(day: string): string {
  const d = new Date(`${day}T00:00:00Z`);
  d.setUTCDate(d.getUTCDate() - ((d.getUTCDay() + 6) % 7));
  return d.toISOString().slice(0, 10);
}

/** Decides about points that are all complete, as the Director does; the newest first. */
export function decide(times: Date[], r: Retention): Foreseen[] {
  const points = [...times].sort((a, b) => b.getTime() - a.getTime()).map((time): Foreseen => ({ time, why: [] }));
  points[0]?.why.push("newest");
  for (const p of points.slice(0, r.last)) p.why.push("last");
  const day = dayIn(r.zone);
  const rules: [Why, number, (d: string) => string][] = [["day", r.daily, (d) => d], ["week", r.weekly, weekOf], ["month", r.monthly, (d) => d.slice(0, 7)], ["year", r.yearly, (d) => d.slice(0, 4)]];
  for (const [why, periods, of] of rules) {
    const seen = new Set<string>();
    for (const p of points) {
      const period = of(day(p.time));
      if (seen.has(period)) continue;
      if (seen.size >= periods) break;
      seen.add(period);
      p.why.push(why);
    }
  }
  return points;
}
