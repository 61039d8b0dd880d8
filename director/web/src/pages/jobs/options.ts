import type { Job, Script } from "@/gen/holdfast/director/v1/job_pb";

/** Splits what was typed into addresses: they are separated by semicolons, commas or lines. */
export function splitAddresses(text: string): string[] {
  return [...new Set(text.split(/[;,\n]/).map((a) => a.trim()).filter((a) => a !== ""))];
}

/** Splits what was typed into lines, as one argument each. */
export function splitLines(text: string): string[] {
  return text.split("\n").filter((l, i, all) => l !== "" || i < all.length - 1);
}

/** Reads NAME=VALUE lines. */
export function parseVariables(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const name = (at < 0 ? line : line.slice(0, at)).trim();
    if (name !== "") out[name] = at < 0 ? "" : line.slice(at + 1);
  }
  return out;
}

export function writeVariables(vars: Record<string, string>): string {
  return Object.entries(vars).map(([name, value]) => `${name}=${value}`).join("\n");
}

const absolute = /^(\/|[A-Za-z]:[\\/]|\\\\)/;

function scriptProblem(s: Script | undefined, when: string): string | undefined {
  if (!s) return undefined;
  if (!s.path.trim()) return `Enter the path of the script ${when}, or take it away.`;
  if (!absolute.test(s.path)) return `The script ${when} needs its whole path on the Director’s machine.`;
  if (s.interpreter && !absolute.test(s.interpreter)) return `The interpreter of the script ${when} needs its whole path.`;
  return undefined;
}

/** What is wrong with a job's options; undefined when nothing is. Others are the jobs that there are. */
export function optionsProblem(job: Job, others: Job[]): string | undefined {
  const name = job.name.trim();
  if (name === "") return "Give the job a name.";
  const same = others.find((o) => o.id !== job.id && o.name.toLowerCase() === name.toLowerCase());
  if (same) return `Another job is called ${same.name}.`;
  const bad = (job.reports?.addresses ?? []).find((a) => !/^[^@\s]+@[^@\s]+$/.test(a));
  if (bad) return `“${bad}” is not a mail address.`;
  if ((job.reports?.addresses ?? []).length > 50) return "Reports go to at most 50 addresses.";
  return scriptProblem(job.before, "before each run") ?? scriptProblem(job.after, "after each run");
}

/** A name for a job that has none yet: what it backs up, and a number where that is taken. */
export function suggestedName(what: string, others: Job[]): string {
  const taken = new Set(others.map((o) => o.name.toLowerCase()));
  const base = `Mail of ${what || "nobody yet"}`;
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base} ${n}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}
