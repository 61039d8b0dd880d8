import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { stateOf } from "@/pages/jobs/status";
import type { Sort } from "@/parts/Grid";

/** A line of the list: a group, or a job of the group above it. */
export type Line = { kind: "group"; name: string; jobs: Job[]; open: boolean } | { kind: "job"; job: Job };

/** Which jobs a list shows. */
export type Show = "all" | "running" | "trouble" | "enabled" | "disabled" | "draft";

export const shows: [Show, string][] = [
  ["all", "All jobs"], ["running", "Running"], ["trouble", "Last run not successful"], ["enabled", "Enabled"], ["disabled", "Disabled"], ["draft", "Drafts"],
];

export function shown(job: Job, show: Show): boolean {
  switch (show) {
    case "running": return stateOf(job) === "running";
    case "trouble": return [RunStatus.FAILED, RunStatus.INCOMPLETE, RunStatus.STOPPED].includes(job.lastStatus);
    case "enabled": return job.enabled;
    case "disabled": return !job.enabled && !job.draft;
    case "draft": return job.draft;
    default: return true;
  }
}

const text = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Orders jobs; those without the value come last, whichever way. */
export function ordered(jobs: Job[], sort: Sort): Job[] {
  const way = sort.down ? -1 : 1;
  const value = (j: Job): number | undefined => {
    switch (sort.key) {
      case "next": return j.nextStart && Number(j.nextStart.seconds);
      case "last": return j.lastStart && Number(j.lastStart.seconds);
      default: return undefined;
    }
  };
  return [...jobs].sort((a, b) => {
    const x = value(a);
    const y = value(b);
    if (x !== y) {
      if (x === undefined) return 1;
      if (y === undefined) return -1;
      return (x - y) * way;
    }
    return sort.key === "name" ? text.compare(a.name, b.name) * way : text.compare(a.name, b.name);
  });
}

/** Puts jobs under their groups, by name, those in none last. Without any group there are only jobs. */
export function lines(jobs: Job[], closed: ReadonlySet<string>, sort: Sort): Line[] {
  const sorted = ordered(jobs, sort);
  const names = [...new Set(sorted.map((j) => j.group))].sort((a, b) => (a === "" ? 1 : b === "" ? -1 : text.compare(a, b)));
  if (names.every((n) => n === "")) return sorted.map((job) => ({ kind: "job", job }));
  return names.flatMap((name): Line[] => {
    const inside = sorted.filter((j) => j.group === name);
    const open = !closed.has(name);
    return [{ kind: "group", name, jobs: inside, open }, ...(open ? inside.map((job): Line => ({ kind: "job", job })) : [])];
  });
}
