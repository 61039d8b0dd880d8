import { create } from "@bufbuild/protobuf";
import type { Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { DestinationSchema, SourceItemSchema, SourceSchema, type Job, type Source, type SourceItem } from "@/gen/holdfast/director/v1/job_pb";
import { keyOf } from "@/pages/jobs/keys";

/** A source as sets, to look things up in. */
export interface Picked {
  /** Accounts taken whole. */
  whole: ReadonlySet<string>;
  /** Mailboxes that are named, by account and id; see keyOf. */
  single: ReadonlySet<string>;
  excluded: ReadonlySet<string>;
  /** How many mailboxes of an account are named. */
  named: ReadonlyMap<string, number>;
}

export function picked(source: Source | undefined): Picked {
  const whole = new Set<string>();
  const single = new Set<string>();
  const named = new Map<string, number>();
  for (const i of source?.items ?? []) {
    if (!i.mailboxId) whole.add(i.accountId);
    else {
      single.add(keyOf(i.accountId, i.mailboxId));
      named.set(i.accountId, (named.get(i.accountId) ?? 0) + 1);
    }
  }
  return { whole, single, excluded: new Set(source?.excludedMailboxIds ?? []), named };
}

/** Whether a mailbox is backed up. */
export function has(p: Picked, m: Mailbox): boolean {
  return p.single.has(keyOf(m.accountId, m.id)) || (p.whole.has(m.accountId) && !p.excluded.has(m.id));
}

/** One item like another is made much faster by copying than anew, which counts with tens of thousands. */
const blank = create(SourceItemSchema);

function item(accountId: string, mailboxId: string): SourceItem {
  return { ...blank, accountId, mailboxId };
}

function made(items: SourceItem[], excluded: Iterable<string>): Source {
  return { ...create(SourceSchema), items, excludedMailboxIds: [...excluded] };
}

/** Takes an account whole, with all its mailboxes, or leaves it. Mailboxes with a place of their own keep it. */
export function pickAccount(source: Source | undefined, accountId: string, on: boolean, mailboxes: Mailbox[]): Source {
  const items = source?.items ?? [];
  const own = new Set(mailboxes.map((m) => m.id));
  const excluded = (source?.excludedMailboxIds ?? []).filter((id) => !own.has(id));
  if (on) return made([...items.filter((i) => i.accountId !== accountId || i.mailboxId), item(accountId, "")], excluded);
  const rest = items.filter((i) => i.accountId !== accountId);
  // Without any whole account there is nothing left out.
  return made(rest, rest.some((i) => !i.mailboxId) ? excluded : []);
}

/** Takes or leaves mailboxes: of an account that is taken whole by exclusion, of others by name. p is the source as sets, where that is known. */
export function pickMailboxes(source: Source | undefined, mailboxes: Mailbox[], on: boolean, p = picked(source)): Source {
  const excluded = new Set(p.excluded);
  const gone = new Set<string>();
  const added: SourceItem[] = [];
  for (const m of mailboxes) {
    const key = keyOf(m.accountId, m.id);
    if (p.whole.has(m.accountId)) {
      if (on) excluded.delete(m.id);
      else {
        excluded.add(m.id);
        gone.add(key);
      }
    } else if (on) {
      if (!p.single.has(key)) added.push(item(m.accountId, m.id));
    } else {
      gone.add(key);
    }
  }
  const before = source?.items ?? [];
  const items = gone.size === 0 ? before : before.filter((i) => !i.mailboxId || !gone.has(keyOf(i.accountId, i.mailboxId)));
  return made([...items, ...added], excluded);
}

/** Gives mailboxes of whole accounts places of their own, before everything else. */
export function putFirst(source: Source | undefined, mailboxes: Mailbox[]): Source {
  const keys = new Set(mailboxes.map((m) => keyOf(m.accountId, m.id)));
  const rest = (source?.items ?? []).filter((i) => !i.mailboxId || !keys.has(keyOf(i.accountId, i.mailboxId)));
  return made([...mailboxes.map((m) => item(m.accountId, m.id)), ...rest], source?.excludedMailboxIds ?? []);
}

/** Moves one item to another place. */
export function moved(source: Source | undefined, from: number, to: number): Source {
  const items = [...(source?.items ?? [])];
  const [item] = items.splice(from, 1);
  if (item) items.splice(Math.max(0, Math.min(items.length, to)), 0, item);
  return made(items, source?.excludedMailboxIds ?? []);
}

/** Drops destinations of what is not backed up any more. */
export function pruned(job: Job): Job {
  const d = job.destination;
  if (!d || d.accounts.length + d.mailboxes.length === 0) return job;
  const p = picked(job.source);
  const accounts = d.accounts.filter((a) => p.whole.has(a.accountId) || p.named.has(a.accountId));
  const mailboxes = d.mailboxes.filter((m) => p.single.has(keyOf(m.accountId, m.mailboxId)) || (p.whole.has(m.accountId) && !p.excluded.has(m.mailboxId)));
  if (accounts.length === d.accounts.length && mailboxes.length === d.mailboxes.length) return job;
  return { ...job, destination: create(DestinationSchema, { repositoryId: d.repositoryId, accounts, mailboxes }) };
}

/** The first item that goes to no repository; undefined when all go somewhere. */
export function unplaced(job: Job): SourceItem | undefined {
  const d = job.destination;
  if (d?.repositoryId) return undefined;
  const accounts = new Set((d?.accounts ?? []).map((a) => a.accountId));
  const mailboxes = new Set((d?.mailboxes ?? []).map((m) => keyOf(m.accountId, m.mailboxId)));
  return (job.source?.items ?? []).find((i) => !accounts.has(i.accountId) && (!i.mailboxId || !mailboxes.has(keyOf(i.accountId, i.mailboxId))));
}
