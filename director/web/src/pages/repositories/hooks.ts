import { useQuery } from "@connectrpc/connect-query";
import { Codec, RepositoryService, type Repository } from "@/gen/holdfast/director/v1/inventory_pb";

/** All repositories, asked again while the page is open. */
export function useRepositories() {
  return useQuery(RepositoryService.method.listRepositories, {}, { refetchInterval: 15_000 });
}

export const codecNames: Record<Codec, string> = {
  [Codec.UNSPECIFIED]: "Fast",
  [Codec.NONE]: "None",
  [Codec.FAST]: "Fast",
  [Codec.BALANCED]: "Balanced",
  [Codec.BEST]: "Best",
};

/** What each compression is good for. */
export const codecHints: Record<Codec, string> = {
  [Codec.UNSPECIFIED]: "",
  [Codec.NONE]: "Stores mail as it is. For disks that compress by themselves.",
  [Codec.FAST]: "Little work for the processor, and about a third less space.",
  [Codec.BALANCED]: "Clearly smaller, for somewhat more work. Right for most.",
  [Codec.BEST]: "The smallest, for several times the work. For slow lines and dear disks.",
};

export const codecs = [Codec.NONE, Codec.FAST, Codec.BALANCED, Codec.BEST];

/** How many times smaller the repository is than what its points hold; undefined while nothing is known. */
export function savings(r: Repository): number | undefined {
  return r.storedBytes > 0n && r.logicalBytes > 0n ? Number(r.logicalBytes) / Number(r.storedBytes) : undefined;
}
