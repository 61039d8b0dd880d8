import type { Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import type { Source } from "@/gen/holdfast/director/v1/job_pb";

/** What a mailbox is known by: its account and its id, since ids are good within an account. */
export function keyOf(accountId: string, mailboxId: string): string {
  return `${accountId}/${mailboxId}`;
}

/** The mailbox of a key, which is an account's id, a stroke, and the mailbox's. */
export function idOf(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}

/** The accounts that a source names. */
export function accountsOf(source: Source | undefined): string[] {
  return [...new Set((source?.items ?? []).map((i) => i.accountId))];
}

/** The mailboxes of a source in the order of processing, each once. */
export function expand(source: Source | undefined, lists: ReadonlyMap<string, Mailbox[]>, byKey: ReadonlyMap<string, Mailbox>): Mailbox[] {
  const out = new Set((source?.excludedMailboxIds ?? []));
  const seen = new Set<Mailbox>();
  // A mailbox that is named by itself has its own place, before or behind the rest of its account.
  const own = new Set((source?.items ?? []).filter((i) => i.mailboxId).map((i) => keyOf(i.accountId, i.mailboxId)));
  for (const item of source?.items ?? []) {
    if (item.mailboxId) {
      const m = byKey.get(keyOf(item.accountId, item.mailboxId));
      if (m) seen.add(m);
      continue;
    }
    for (const m of lists.get(item.accountId) ?? []) {
      if (!out.has(m.id) && !m.gone && !own.has(keyOf(m.accountId, m.id))) seen.add(m);
    }
  }
  return [...seen];
}

/** A text that is found in names and addresses. */
export function matches(m: Mailbox, wanted: string): boolean {
  return wanted === "" || m.name.toLowerCase().includes(wanted) || m.address.toLowerCase().includes(wanted);
}
