import type { Folder, MessageSummary } from "@/gen/holdfast/director/v1/inventory_pb";
import { brief, messageKey, type Part } from "@/pages/recovery/draft";
import { messagesBelow, wayTo, type Tree } from "@/pages/recovery/tree";

/** Whether a folder is chosen by itself or with one above it. */
export function covered(part: Part, tree: Tree, folder: string): boolean {
  return part.whole || wayTo(tree, folder).some((f) => part.folders.has(f.id));
}

/** How a folder's box stands: chosen, not, or something below it is. */
export function folderState(part: Part, tree: Tree, folder: string): boolean | "mixed" {
  if (covered(part, tree, folder)) return true;
  const inside = (id: string) => wayTo(tree, id).some((f) => f.id === folder);
  for (const id of part.folders.keys()) {
    if (inside(id)) return "mixed";
  }
  const looked = new Set<string>();
  for (const m of part.messages.values()) {
    if (looked.has(m.folderId)) continue;
    looked.add(m.folderId);
    if (inside(m.folderId)) return "mixed";
  }
  return false;
}

/** Chooses a folder with all below it, or takes it back with all that was chosen below it. */
export function setFolder(part: Part, tree: Tree, folder: Folder, on: boolean): Part {
  const outside = (id: string) => !wayTo(tree, id).some((f) => f.id === folder.id);
  const folders = new Map([...part.folders].filter(([id]) => outside(id)));
  const messages = new Map([...part.messages].filter(([, m]) => outside(m.folderId)));
  if (on) folders.set(folder.id, folder);
  return { ...part, folders, messages };
}

/** Chooses messages, or takes them back. Those in a folder that is chosen as a whole stay with it. */
export function setMessages(part: Part, list: MessageSummary[], on: boolean): Part {
  const messages = new Map(part.messages);
  for (const m of list) {
    if (on) messages.set(messageKey(m), brief(m));
    else messages.delete(messageKey(m));
  }
  return { ...part, messages };
}

/** How many messages a part has, those in chosen folders too. Without the tree, folders count by what they hold themselves. */
export function countOf(part: Part, tree: Tree | undefined): number {
  if (part.whole) return Number(part.point.messages);
  let n = part.messages.size;
  for (const f of part.folders.values()) n += tree ? messagesBelow(tree, f.id) : Number(f.messages);
  return n;
}
