import { useCallback } from "react";
import { queryOptions, useQueries, type UseQueryResult } from "@tanstack/react-query";
import { createClient } from "@connectrpc/connect";
import { transport } from "@/api/transport";
import { queries } from "@/api/queries";
import { AccountService, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import type { Source } from "@/gen/holdfast/director/v1/job_pb";

const accounts = createClient(AccountService, transport);

/** Mailboxes of a page: the most that the API gives. */
const pageSize = 10_000;

/** All mailboxes of an account by name, a few large pages after each other. */
function mailboxesOf(accountId: string) {
  return queryOptions({
    queryKey: ["mailboxes", accountId],
    staleTime: 60_000,
    structuralSharing: false, // comparing tens of thousands of messages is slower than drawing what is on the screen
    queryFn: async ({ signal }): Promise<Mailbox[]> => {
      const all: Mailbox[] = [];
      for (let more = true; more;) {
        const page = await accounts.listMailboxes({ accountId, pageSize, offset: BigInt(all.length) }, { signal });
        all.push(...page.mailboxes);
        more = page.mailboxes.length > 0 && BigInt(all.length) < page.total;
      }
      return all;
    },
  });
}

/** What is known of the mailboxes of some accounts. */
export interface Known {
  /** By account; absent while they are read. */
  lists: ReadonlyMap<string, Mailbox[]>;
  /** By account and id; see keyOf. */
  byKey: ReadonlyMap<string, Mailbox>;
  pending: boolean;
  error: unknown;
  retry: () => void;
}

export function keyOf(accountId: string, mailboxId: string): string {
  return `${accountId}/${mailboxId}`;
}

/** Reads all mailboxes of the accounts. */
export function useMailboxes(accountIds: string[]): Known {
  const ids = accountIds.join(" ");
  const combine = useCallback((results: UseQueryResult<Mailbox[]>[]): Known => {
    const lists = new Map<string, Mailbox[]>();
    const byKey = new Map<string, Mailbox>();
    (ids === "" ? [] : ids.split(" ")).forEach((id, i) => {
      const list = results[i]?.data;
      if (!list) return;
      lists.set(id, list);
      for (const m of list) byKey.set(keyOf(m.accountId, m.id), m);
    });
    const error = results.find((r) => r.error)?.error ?? undefined;
    return {
      lists, byKey, error, pending: lists.size < results.length && !error,
      retry: () => void queries.invalidateQueries({ queryKey: ["mailboxes"] }),
    };
  }, [ids]);
  return useQueries({ queries: accountIds.map((id) => mailboxesOf(id)), combine });
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
