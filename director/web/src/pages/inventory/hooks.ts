import { useQuery } from "@connectrpc/connect-query";
import { AccountService, Cloud, MailboxKind, type Account } from "@/gen/holdfast/director/v1/inventory_pb";

/** All accounts, by name. */
export function useAccounts() {
  return useQuery(AccountService.method.listAccounts, {});
}

/** One account out of them; data is undefined, without an error, when there is none of that id. */
export function useAccount(id: string): Account | undefined {
  return useAccounts().data?.accounts.find((a) => a.id === id);
}

export const cloudNames: Record<Cloud, string> = {
  [Cloud.UNSPECIFIED]: "",
  [Cloud.GLOBAL]: "Worldwide",
  [Cloud.US_GOV_L4]: "US Government L4 (GCC High)",
  [Cloud.US_GOV_L5]: "US Government L5 (DoD)",
  [Cloud.CHINA]: "China (21Vianet)",
  [Cloud.CUSTOM]: "Other addresses",
};

export const kindNames: Record<MailboxKind, string> = {
  [MailboxKind.UNSPECIFIED]: "Mailbox",
  [MailboxKind.USER]: "User",
  [MailboxKind.SHARED]: "Shared",
  [MailboxKind.ROOM]: "Room",
  [MailboxKind.EQUIPMENT]: "Equipment",
};
