import { useCallback } from "react";
import { queryOptions, useQueries, type UseQueryResult } from "@tanstack/react-query";
import { createClient } from "@connectrpc/connect";
import { transport } from "@/api/transport";
import { queries } from "@/api/queries";
import { AccountService, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { keyOf } from "@/pages/jobs/keys";

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
