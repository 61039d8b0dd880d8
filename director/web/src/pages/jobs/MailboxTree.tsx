import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import {
  BuildingRegular, CheckboxCheckedFilled, CheckboxIndeterminateFilled, CheckboxUncheckedRegular, ChevronDownRegular, ChevronRightRegular,
} from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";
import { MailboxKind, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { kindName } from "@/pages/jobs/MailboxPicker";
import { has, type Picked } from "@/pages/jobs/source";
import type { Leaf } from "@/pages/jobs/tree";
import { count } from "@/parts/format";

const rowHeight = 36;

const useStyles = makeStyles({
  scroll: {
    overflow: "auto", flexGrow: 1, minHeight: 0, position: "relative", border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium,
    outlineStyle: "none", ":focus-visible": { boxShadow: `0 0 0 2px ${tokens.colorStrokeFocus2}` },
  },
  row: {
    position: "absolute", left: 0, right: 0, top: 0, display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, height: `${rowHeight}px`,
    padding: `0 ${tokens.spacingHorizontalM}`, cursor: "pointer", whiteSpace: "nowrap", overflow: "hidden",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  inner: { paddingLeft: "44px" },
  active: { backgroundColor: tokens.colorNeutralBackground1Selected },
  box: { fontSize: "20px", display: "flex", flexShrink: 0, color: tokens.colorCompoundBrandForeground1 },
  empty: { color: tokens.colorNeutralStrokeAccessible },
  chevron: { fontSize: "16px", display: "flex", flexShrink: 0, padding: "2px" },
  name: { overflow: "hidden", textOverflow: "ellipsis" },
  soft: { color: tokens.colorNeutralForeground2, overflow: "hidden", textOverflow: "ellipsis", flexShrink: 3 },
  mark: { marginLeft: "auto", color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, flexShrink: 0 },
  strong: { fontWeight: tokens.fontWeightSemibold },
});

interface Props {
  leaves: Leaf[];
  picked: Picked;
  onAccount: (accountId: string, on: boolean) => void;
  onMailboxes: (mailboxes: Mailbox[], on: boolean) => void;
  onOpen: (accountId: string, open: boolean) => void;
}

type Check = "true" | "false" | "mixed";

/**
 * Accounts and their mailboxes, as many as there are: only those on the screen exist. Arrow keys walk, open and close, Space
 * chooses; a click with Shift chooses as far as the last one.
 */
export function MailboxTree({ leaves, picked, onAccount, onMailboxes, onOpen }: Props) {
  const styles = useStyles();
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const anchor = useRef(0);
  const virtual = useVirtualizer({ count: leaves.length, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 10 });
  const active = Math.min(at, Math.max(0, leaves.length - 1));
  useEffect(() => {
    if (at > 0 && at >= leaves.length) setAt(0);
  }, [at, leaves.length]);
  const accountCount = useMemo(() => leaves.reduce((n, l) => n + (l.kind === "account" ? 1 : 0), 0), [leaves]);

  const check = (leaf: Leaf): Check => {
    if (leaf.kind === "note") return "false";
    if (leaf.kind === "mailbox") return has(picked, leaf.mailbox) ? "true" : "false";
    const { id: accountId } = leaf.account;
    if (picked.whole.has(accountId)) return "true";
    return picked.named.has(accountId) ? "mixed" : "false";
  };
  const choose = (index: number, extend: boolean) => {
    const leaf = leaves[index];
    if (!leaf || leaf.kind === "note") return;
    if (leaf.kind === "account") onAccount(leaf.account.id, check(leaf) !== "true");
    else if (extend) {
      const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      onMailboxes(leaves.slice(from, to + 1).flatMap((l) => (l.kind === "mailbox" ? [l.mailbox] : [])), true);
    } else onMailboxes([leaf.mailbox], check(leaf) !== "true");
    anchor.current = index;
  };
  const go = (to: number) => {
    const next = Math.max(0, Math.min(leaves.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  const onKey = (e: KeyboardEvent) => {
    const leaf = leaves[active];
    if (!leaf) return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / rowHeight) - 1);
    const to: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: leaves.length - 1 };
    const target = to[e.key];
    if (target !== undefined) go(target);
    else if (e.key === " " || e.key === "Enter") choose(active, e.shiftKey);
    else if (e.key === "ArrowRight" && leaf.kind === "account") {
      if (leaf.open) go(active + 1);
      else onOpen(leaf.account.id, true);
    } else if (e.key === "ArrowLeft") {
      if (leaf.kind === "account") onOpen(leaf.account.id, false);
      else {
        const parent = leaves.slice(0, active).findLastIndex((l) => l.kind === "account");
        if (parent >= 0) go(parent);
      }
    } else return;
    e.preventDefault();
  };
  const onClick = (e: MouseEvent, index: number) => {
    const leaf = leaves[index];
    setAt(index);
    if (leaf?.kind === "account" && e.target instanceof Element && e.target.closest("[data-chevron]")) onOpen(leaf.account.id, !leaf.open);
    else choose(index, e.shiftKey);
  };
  const items = virtual.getVirtualItems();
  const drawn = items.some((i) => i.index === active);
  let accountPlace = 0;
  const places = new Map<number, number>();
  if (items.length > 0) leaves.forEach((l, i) => { if (l.kind === "account") places.set(i, ++accountPlace); });

  return (
    <div
      ref={scroll} className={styles.scroll} role="tree" aria-label="Accounts and mailboxes" aria-multiselectable tabIndex={0} onKeyDown={onKey}
      aria-activedescendant={drawn ? `${id}-${active}` : undefined}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const leaf = leaves[item.index];
          if (!leaf) return null;
          const state = check(leaf);
          const common = {
            id: `${id}-${item.index}`, style: { transform: `translateY(${item.start}px)` }, onClick: (e: MouseEvent) => onClick(e, item.index),
          };
          if (leaf.kind === "note") {
            return <div key={`note ${leaf.accountId}`} {...common} role="treeitem" aria-level={2} aria-disabled className={mergeClasses(styles.row, styles.inner, styles.soft)}>{leaf.text}</div>;
          }
          if (leaf.kind === "account") {
            return (
              <div
                key={`account ${leaf.account.id}`} {...common} role="treeitem" aria-level={1} aria-expanded={leaf.open} aria-checked={state}
                aria-posinset={places.get(item.index)} aria-setsize={accountCount} className={mergeClasses(styles.row, item.index === active && styles.active)}
              >
                <span className={styles.chevron} data-chevron aria-hidden>{leaf.open ? <ChevronDownRegular /> : <ChevronRightRegular />}</span>
                <Box state={state} />
                <BuildingRegular fontSize={18} aria-hidden />
                <span className={mergeClasses(styles.name, styles.strong)}>{leaf.account.name}</span>
                <span className={styles.mark}>
                  {picked.whole.has(leaf.account.id) ? "whole account, later mailboxes too" : picked.named.has(leaf.account.id) ? `${count(picked.named.get(leaf.account.id) ?? 0)} chosen` : `${count(leaf.account.mailboxes)} mailboxes`}
                </span>
              </div>
            );
          }
          const m = leaf.mailbox;
          const out = picked.whole.has(m.accountId) && state === "false";
          return (
            <div
              key={`${m.accountId} ${m.id}`} {...common} role="treeitem" aria-level={2} aria-checked={state} aria-posinset={leaf.place} aria-setsize={leaf.of}
              className={mergeClasses(styles.row, styles.inner, item.index === active && styles.active)}
            >
              <Box state={state} />
              <span className={styles.name}>{m.name || m.address}</span>
              {m.name && <span className={styles.soft}>{m.address}</span>}
              <span className={styles.mark}>{out ? "left out" : m.gone ? "gone from the tenant" : m.kind !== MailboxKind.USER ? kindName(m.kind) : ""}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Box({ state }: { state: Check }) {
  const styles = useStyles();
  return (
    <span className={mergeClasses(styles.box, state === "false" && styles.empty)} aria-hidden>
      {state === "true" ? <CheckboxCheckedFilled /> : state === "mixed" ? <CheckboxIndeterminateFilled /> : <CheckboxUncheckedRegular />}
    </span>
  );
}
