import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Checkbox, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import {
  ArchiveRegular, ChevronDownRegular, ChevronRightRegular, DeleteRegular, DraftsRegular, FolderRegular, MailInboxRegular, MailWarningRegular,
  PersonMailRegular, SendRegular,
} from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { Folder } from "@/gen/holdfast/director/v1/inventory_pb";
import { linesOf, wayTo, type Tree } from "@/pages/recovery/tree";
import { count } from "@/parts/format";

const height = 32;

const useStyles = makeStyles({
  root: { overflow: "auto", minHeight: 0, flexGrow: 1, outlineStyle: "none" },
  body: { position: "relative" },
  line: {
    position: "absolute", top: 0, left: 0, right: 0, height: `${height}px`, display: "flex", alignItems: "center", gap: tokens.spacingHorizontalXS,
    cursor: "pointer", borderRadius: tokens.borderRadiusMedium, paddingRight: tokens.spacingHorizontalS, outlineStyle: "none",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { boxShadow: `inset 0 0 0 2px ${tokens.colorStrokeFocus2}` },
  },
  here: { backgroundColor: tokens.colorNeutralBackground1Selected, fontWeight: tokens.fontWeightSemibold },
  arrow: { width: "20px", flexShrink: 0, display: "flex", justifyContent: "center" },
  icon: { display: "flex", fontSize: "18px", flexShrink: 0, color: tokens.colorNeutralForeground2 },
  name: { flexGrow: 1, minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  count: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, fontVariantNumeric: "tabular-nums" },
});

const icons: Record<string, typeof FolderRegular> = {
  inbox: MailInboxRegular, sentitems: SendRegular, drafts: DraftsRegular, deleteditems: DeleteRegular, junkemail: MailWarningRegular, archive: ArchiveRegular,
};

export function FolderIcon({ folder }: { folder: Folder }) {
  const Icon = icons[folder.role.toLowerCase()] ?? FolderRegular;
  return <Icon aria-hidden />;
}

interface Props {
  tree: Tree;
  /** What the root is called: the mailbox. */
  root: string;
  /** The id of the folder whose contents are shown; "" for the root. */
  current: string;
  onOpen: (id: string) => void;
  state: (id: string) => boolean | "mixed";
  /** Why a folder's box cannot be used; undefined when it can. */
  locked: (id: string) => boolean;
  onChoose: (id: string, on: boolean) => void;
}

/**
 * The folders of a mailbox with a box each, as many as there are. Arrow keys walk and open, Space chooses, Enter shows what is
 * in a folder.
 */
export function FolderTree({ tree, root, current, onOpen, state, locked, onChoose }: Props) {
  const styles = useStyles();
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(wayTo(tree, current).map((f) => f.id)));
  const [focus, setFocus] = useState(0);
  const wanted = useRef<number | undefined>(undefined);
  const scroll = useRef<HTMLDivElement>(null);
  const lines = linesOf(tree, open);
  const size = lines.length + 1;
  const virtual = useVirtualizer({ count: size, getScrollElement: () => scroll.current, estimateSize: () => height, overscan: 12 });
  useEffect(() => {
    // What is shown is where one can see it: the way down to it stands open.
    const way = wayTo(tree, current).slice(0, -1);
    if (way.length > 0) setOpen((was) => (way.every((f) => was.has(f.id)) ? was : new Set([...was, ...way.map((f) => f.id)])));
  }, [tree, current]);
  useEffect(() => {
    if (wanted.current === undefined) return;
    const line = scroll.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (line) {
      wanted.current = undefined;
      line.focus({ preventScroll: true });
    }
  });
  const idAt = (i: number) => (i === 0 ? "" : (lines[i - 1]?.folder.id ?? ""));
  const go = (to: number) => {
    const at = Math.max(0, Math.min(size - 1, to));
    setFocus(at);
    wanted.current = at;
    virtual.scrollToIndex(at);
  };
  const turn = (id: string, on: boolean) => setOpen((was) => {
    const next = new Set(was);
    if (on) next.add(id);
    else next.delete(id);
    return next;
  });
  const onKey = (e: KeyboardEvent) => {
    if (!(e.target instanceof HTMLElement) || e.target.getAttribute("role") !== "treeitem") return;
    const line = lines[focus - 1];
    if (e.key === "ArrowDown") go(focus + 1);
    else if (e.key === "ArrowUp") go(focus - 1);
    else if (e.key === "Home") go(0);
    else if (e.key === "End") go(size - 1);
    else if (e.key === "ArrowRight" && line) line.open === false ? turn(line.folder.id, true) : go(focus + 1);
    else if (e.key === "ArrowLeft" && line) {
      if (line.open) turn(line.folder.id, false);
      else go(line.level === 1 ? 0 : lines.findIndex((l) => l.folder.id === line.folder.parentId) + 1);
    } else if (e.key === "Enter") onOpen(idAt(focus));
    else if (e.key === " ") choose(idAt(focus));
    else return;
    e.preventDefault();
  };
  const choose = (id: string) => {
    if (!locked(id)) onChoose(id, state(id) !== true);
  };
  return (
    <div ref={scroll} role="tree" aria-label="Folders" aria-multiselectable className={styles.root} onKeyDown={onKey}>
      <div role="none" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index - 1];
          const id = idAt(item.index);
          const name = line?.folder.name ?? root;
          const chosen = state(id);
          const Arrow = line?.open ? ChevronDownRegular : ChevronRightRegular;
          return (
            <div
              key={id} role="treeitem" data-index={item.index}
              aria-level={line ? line.level + 1 : 1} aria-expanded={line ? line.open : true} aria-checked={chosen}
              aria-current={id === current ? true : undefined} tabIndex={item.index === Math.min(focus, size - 1) ? 0 : -1}
              className={mergeClasses(styles.line, id === current && styles.here)}
              style={{ transform: `translateY(${item.start}px)`, paddingLeft: (line?.level ?? 0) * 14 }}
              onFocus={() => setFocus(item.index)}
              onClick={(e) => {
                if (e.target instanceof Element && e.target.closest("input")) return;
                onOpen(id);
              }}
            >
              <span className={styles.arrow} aria-hidden onClick={(e) => { if (line?.open !== undefined) { e.stopPropagation(); turn(id, !line.open); } }}>
                {line?.open !== undefined && <Arrow />}
              </span>
              {/* For the pointer: the line itself tells whether it is chosen, and Space chooses it. */}
              <span aria-hidden><Checkbox tabIndex={-1} checked={chosen} disabled={locked(id)} onChange={() => choose(id)} /></span>
              <span className={styles.icon}>{line ? <FolderIcon folder={line.folder} /> : <PersonMailRegular aria-hidden />}</span>
              <span className={styles.name} title={name}>{name}</span>
              {line && <span className={styles.count}>{count(line.folder.messages)}</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}
