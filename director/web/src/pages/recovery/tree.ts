import type { Folder } from "@/gen/holdfast/director/v1/inventory_pb";

/** The folders of a point, as a tree. */
export interface Tree {
  byId: ReadonlyMap<string, Folder>;
  /** Subfolders by the parent's id, in the order they are shown; "" has those at the top. */
  below: ReadonlyMap<string, Folder[]>;
}

// Where people look for their mail, first.
const first = ["inbox", "drafts", "sentitems", "archive", "deleteditems", "junkemail", "outbox"];

function rank(f: Folder): number {
  const at = first.indexOf(f.role.toLowerCase());
  return f.hidden ? first.length + 1 : at < 0 ? first.length : at;
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function treeOf(folders: readonly Folder[]): Tree {
  const byId = new Map(folders.map((f) => [f.id, f]));
  const below = new Map<string, Folder[]>();
  for (const f of folders) {
    // A parent that is not in the point is the mailbox's own root.
    const parent = byId.has(f.parentId) && f.parentId !== f.id ? f.parentId : "";
    below.set(parent, [...(below.get(parent) ?? []), f]);
  }
  for (const list of below.values()) list.sort((a, b) => rank(a) - rank(b) || names.compare(a.name, b.name));
  return { byId, below };
}

/** The folders from the top to a folder, itself the last; a ring, which only a broken point could have, is cut. */
export function wayTo(tree: Tree, id: string): Folder[] {
  const way: Folder[] = [];
  for (let f = tree.byId.get(id); f && !way.includes(f); f = tree.byId.get(f.parentId)) way.unshift(f);
  return way;
}

/** Messages in a folder and all below it. */
export function messagesBelow(tree: Tree, id: string, seen = new Set<string>()): number {
  if (seen.has(id)) return 0;
  seen.add(id);
  const own = Number(tree.byId.get(id)?.messages ?? 0);
  return (tree.below.get(id) ?? []).reduce((sum, f) => sum + messagesBelow(tree, f.id, seen), own);
}

/** A line of the tree as it stands open. */
export interface Line {
  folder: Folder;
  /** From 1. */
  level: number;
  /** Whether its subfolders are shown; undefined when it has none. */
  open: boolean | undefined;
}

export function linesOf(tree: Tree, open: ReadonlySet<string>): Line[] {
  const lines: Line[] = [];
  const seen = new Set<string>();
  const walk = (parent: string, level: number) => {
    for (const folder of tree.below.get(parent) ?? []) {
      if (seen.has(folder.id)) continue;
      seen.add(folder.id);
      const has = (tree.below.get(folder.id)?.length ?? 0) > 0;
      const shown = has && open.has(folder.id);
      lines.push({ folder, level, open: has ? shown : undefined });
      if (shown) walk(folder.id, level + 1);
    }
  };
  walk("", 1);
  return lines;
}
