import { counted, moment } from "@/parts/format";
import type { Address, Point } from "@/gen/holdfast/director/v1/inventory_pb";
import { isChosen, type Draft, type Part } from "@/pages/recovery/draft";

export function sender(a: Address | undefined): string {
  return a?.name || a?.address || "";
}

export function mailAddress(a: Address): string {
  return a.name && a.address && a.name !== a.address ? `${a.name} <${a.address}>` : a.address || a.name;
}

export function subjectOf(m: { subject: string }): string {
  return m.subject.trim() || "(no subject)";
}

/** A point in words ("22 Nov 2026, 06:00, of the job All mail"). */
export function pointText(p: Point): string {
  return p.jobName ? `${moment(p.time)}, of the job ${p.jobName}` : moment(p.time);
}

/** What is chosen of a part, in words ("2 folders and 3 messages"). */
export function chosenText(p: Part): string {
  if (p.whole) return "the whole mailbox";
  return [p.folders.size > 0 && counted(p.folders.size, "folder"), p.messages.size > 0 && counted(p.messages.size, "message")].filter(Boolean).join(" and ");
}

/** What is chosen altogether. */
export function allChosen(d: Draft): string {
  const parts = d.parts.filter(isChosen);
  if (parts.length === 0) return "Nothing is chosen yet";
  if (parts.length > 1 && parts.every((p) => p.whole)) return counted(parts.length, "whole mailbox", "whole mailboxes");
  const one = parts[0];
  if (parts.length === 1 && one?.whole) return "the whole mailbox";
  const wholes = parts.filter((p) => p.whole).length;
  const folders = parts.reduce((n, p) => n + p.folders.size, 0);
  const messages = parts.reduce((n, p) => n + p.messages.size, 0);
  const said = [
    wholes > 0 && counted(wholes, "whole mailbox", "whole mailboxes"), folders > 0 && counted(folders, "folder"), messages > 0 && counted(messages, "message"),
  ].filter(Boolean).join(" and ");
  return parts.length > 1 ? `${said}, of ${counted(parts.length, "recovery point")}` : said;
}
