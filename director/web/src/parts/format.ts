import { timestampDate, durationMs, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A size for people, in powers of a thousand as disks are sold. */
export function bytes(n: bigint | number): string {
  let value = Number(n);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const counts = new Intl.NumberFormat();

/** A count with its thousands parted. */
export function count(n: bigint | number): string {
  return counts.format(n);
}

/** A count with its noun: plural is the noun with an s unless given. */
export function counted(n: bigint | number, noun: string, plural = `${noun}s`): string {
  return `${count(n)} ${Number(n) === 1 ? noun : plural}`;
}

/** What a mailbox is called, also one of which nothing but its mail was ever known. */
export function mailboxTitle(of: { mailboxName: string; mailboxAddress: string }): string {
  return of.mailboxName || of.mailboxAddress || "A mailbox without a name";
}

/** A text whose first letter is a capital. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const toTheSecond = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** The user's own zone ("Europe/Berlin"). */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A moment in the user's zone; an em dash for none. */
export function moment(t: Timestamp | undefined): string {
  return t ? dateTime.format(timestampDate(t)) : "—";
}

/** A moment with its seconds, where the minute does not tell it from another. */
export function exactMoment(t: Timestamp | undefined): string {
  return t ? toTheSecond.format(timestampDate(t)) : "—";
}

/** From when to when, with seconds where the minute is the same. */
export function fromTo(from: Timestamp | undefined, to: Timestamp | undefined): string {
  const same = moment(from) === moment(to);
  return same ? `${exactMoment(from)} to ${exactMoment(to)}` : `${moment(from)} to ${moment(to)}`;
}

export function day(t: Timestamp | undefined): string {
  return t ? dateOnly.format(timestampDate(t)) : "—";
}

export function clock(t: Timestamp | undefined): string {
  return t ? timeOnly.format(timestampDate(t)) : "—";
}

/** How far a moment is from now ("3 hours ago", "in 2 days"). */
export function ago(t: Timestamp | undefined, now = Date.now()): string {
  if (!t) return "never";
  const seconds = (timestampDate(t).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 45 * 60) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 22 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
  if (size < 26 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  if (size < 320 * 86400) return relative.format(Math.round(seconds / (30.4 * 86400)), "month");
  return relative.format(Math.round(seconds / (365.25 * 86400)), "year");
}

/** A span in its two largest units ("2 h 5 min"). */
export function span(d: Duration | undefined): string {
  return d ? spanOfSeconds(durationMs(d) / 1000) : "—";
}

/** How much longer something takes, about. */
export function left(d: Duration): string {
  return durationMs(d) < 1000 ? "nearly done" : `about ${span(d)} left`;
}

export function spanOfSeconds(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 && s < 600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.round(s / 60)} min`;
  const hours = Math.floor(s / 3600);
  if (hours < 24) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function percent(part: bigint | number, whole: bigint | number): number {
  return Number(whole) > 0 ? Math.min(100, Math.floor((Number(part) / Number(whole)) * 100)) : 0;
}
