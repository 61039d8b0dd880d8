import { ReportWhen, type Job, type Retention, type Script, type Source } from "@/gen/holdfast/director/v1/job_pb";
import { capital, counted } from "@/parts/format";

/** When a job starts, in a line. */
export function startsText(job: Job): string {
  if (job.schedules.length === 0) return "On demand";
  const first = job.schedules[0]?.text ?? "";
  return job.schedules.length === 1 ? capital(first) : `${capital(first)}, and ${job.schedules.length - 1} more`;
}

/** Whether a retention keeps everything. */
export function keepsAll(r: Retention | undefined): boolean {
  return !r || (r.last === 0 && r.daily === 0 && r.weekly === 0 && r.monthly === 0 && r.yearly === 0);
}

/** What a retention keeps, in a line. */
export function keepsText(r: Retention | undefined): string {
  if (!r || keepsAll(r)) return "Every recovery point, for ever";
  const parts: string[] = [];
  if (r.last > 0) parts.push(r.last === 1 ? "the last point" : `the last ${r.last} points`);
  const periods: [number, string][] = [[r.daily, "day"], [r.weekly, "week"], [r.monthly, "month"], [r.yearly, "year"]];
  for (const [n, unit] of periods) {
    if (n > 0) parts.push(`one per ${unit} for ${counted(n, unit)}`);
  }
  return capital(parts.join(", "));
}

/** What a job backs up, in a line. Names are those of accounts by id. */
export function sourceText(source: Source | undefined, accounts: ReadonlyMap<string, string>): string {
  const whole = (source?.items ?? []).filter((i) => !i.mailboxId).map((i) => accounts.get(i.accountId) ?? "an account that is gone");
  const single = (source?.items ?? []).filter((i) => i.mailboxId).length;
  const out = source?.excludedMailboxIds.length ?? 0;
  const parts = whole.map((name) => `All mailboxes of ${name}`);
  if (single > 0) parts.push(counted(single, whole.length > 0 ? "single mailbox" : "mailbox", whole.length > 0 ? "single mailboxes" : "mailboxes"));
  if (parts.length === 0) return "Nothing yet";
  return parts.join(", ") + (out > 0 ? `, without ${counted(out, "mailbox", "mailboxes")}` : "");
}

/** What a script runs, as it would be typed. */
export function scriptText(s: Script): string {
  return [s.interpreter, s.path, ...s.arguments].filter((p) => p !== "").join(" ");
}

/** Of which runs a report is sent. */
export function reportsText(when: ReportWhen): string {
  switch (when) {
    case ReportWhen.NOT_SUCCESSFUL: return "runs that are incomplete, failed or stopped";
    case ReportWhen.FAILED: return "runs that failed";
    default: return "every run";
  }
}
