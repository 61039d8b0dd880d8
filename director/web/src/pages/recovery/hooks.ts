import { createClient } from "@connectrpc/connect";
import { useQuery } from "@connectrpc/connect-query";
import { useMemo, useState } from "react";
import { transport } from "@/api/transport";
import {
  AccountService, RepositoryService, type BackupOrder, type BackupSize, type Mailbox, type MessageOrder, type MessageSummary,
} from "@/gen/holdfast/director/v1/inventory_pb";
import { treeOf, type Tree } from "@/pages/recovery/tree";
import { usePages, type Pages } from "@/parts/usePages";

const repositories = createClient(RepositoryService, transport);

/** A recovery point with its folders and what it lacks. Points never change. */
export function usePoint(repositoryId: string, pointId: string) {
  const query = useQuery(RepositoryService.method.listFolders, { repositoryId, pointId }, { enabled: pointId !== "", staleTime: 600_000 });
  const folders = query.data?.folders;
  const tree = useMemo<Tree | undefined>(() => (folders ? treeOf(folders) : undefined), [folders]);
  return { query, tree };
}

/** How the messages of a folder are listed. */
export interface Listing {
  order: MessageOrder;
  ascending: boolean;
  /** Part of the subject or sender. */
  filter: string;
}

/** The messages of a folder, read as they are looked at. */
export function useMessages(repositoryId: string, pointId: string, folderId: string, listing: Listing): Pages<MessageSummary> {
  return usePages({
    key: ["messages", repositoryId, pointId, folderId, listing], enabled: folderId !== "",
    read: async (offset, limit, signal) => {
      const page = await repositories.listMessages({ repositoryId, pointId, folderId, offset: BigInt(offset), limit, ...listing }, { signal });
      for (const m of page.messages) m.folderId = folderId;
      return { rows: page.messages, total: Number(page.total) };
    },
  });
}

/** Which backups are listed. */
export interface BackupFilter {
  repositoryId: string;
  accountId: string;
  mailboxId: string;
  jobId: string;
  search: string;
  order: BackupOrder;
  reverse: boolean;
}

/** Backups that fit, read as they are looked at; problems are repositories that could not be asked. */
export function useBackups(filter: BackupFilter): Pages<BackupSize> & { problems: string[] } {
  const [problems, setProblems] = useState<string[]>([]);
  const pages = usePages({
    key: ["backups", filter],
    read: async (offset, limit, signal) => {
      const page = await repositories.listBackups({ ...filter, offset: BigInt(offset), limit }, { signal });
      setProblems(page.problems);
      return { rows: page.backups, total: Number(page.total) };
    },
  });
  return { ...pages, problems };
}

const accounts = createClient(AccountService, transport);

/** Mailboxes of an account that fit, read as they are looked at. */
export function useMailboxes(accountId: string, search: string): Pages<Mailbox> {
  return usePages({
    key: ["mailboxes to recover to", accountId, search], enabled: accountId !== "",
    read: async (offset, limit, signal) => {
      const page = await accounts.listMailboxes({ accountId, search, offset: BigInt(offset), pageSize: limit }, { signal });
      return { rows: page.mailboxes, total: Number(page.total) };
    },
  });
}

export function useRepositories() {
  return useQuery(RepositoryService.method.listRepositories, {}, { staleTime: 30_000 });
}

export function useAccounts() {
  return useQuery(AccountService.method.listAccounts, {}, { staleTime: 30_000 });
}
