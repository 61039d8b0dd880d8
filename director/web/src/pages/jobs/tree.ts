import type { Account, Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { matches } from "@/pages/jobs/keys";

/** A line of the tree: an account, one of its mailboxes, or a word in place of mailboxes. */
export type Leaf =
  | { kind: "account"; account: Account; open: boolean }
  | { kind: "mailbox"; mailbox: Mailbox; place: number; of: number }
  | { kind: "note"; accountId: string; text: string };

/** The tree as lines. A search opens every account and leaves out those in which nothing is found. */
export function leaves(accounts: Account[], lists: ReadonlyMap<string, Mailbox[]>, open: ReadonlySet<string>, search: string): Leaf[] {
  const wanted = search.trim().toLowerCase();
  return accounts.flatMap((account): Leaf[] => {
    const list = lists.get(account.id);
    const found = wanted && !account.name.toLowerCase().includes(wanted) ? list?.filter((m) => matches(m, wanted)) : list;
    if (wanted && list && found?.length === 0) return [];
    const isOpen = open.has(account.id) || wanted !== "";
    const top: Leaf = { kind: "account", account, open: isOpen };
    if (!isOpen) return [top];
    if (!found) return [top, { kind: "note", accountId: account.id, text: "The mailboxes are being read." }];
    if (found.length === 0) return [top, { kind: "note", accountId: account.id, text: "No mailbox. Refresh the account if that is wrong." }];
    return [top, ...found.map((mailbox, i): Leaf => ({ kind: "mailbox", mailbox, place: i + 1, of: found.length }))];
  });
}
