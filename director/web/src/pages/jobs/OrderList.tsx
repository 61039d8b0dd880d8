import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Button, makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { ArrowDownRegular, ArrowUpRegular, DismissRegular, ReOrderDotsVerticalRegular } from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Explained } from "@/parts/Explained";
import { count } from "@/parts/format";

const rowHeight = 40;

const useStyles = makeStyles({
  scroll: { overflow: "auto", flexGrow: 1, minHeight: 0, position: "relative", border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  list: { margin: 0, padding: 0, listStyleType: "none", position: "relative" },
  row: {
    position: "absolute", left: 0, right: 0, top: 0, height: `${rowHeight}px`, display: "flex", alignItems: "center", gap: tokens.spacingHorizontalXS,
    padding: `0 ${tokens.spacingHorizontalS} 0 0`, borderBottom: `1px solid ${tokens.colorNeutralStroke3}`, backgroundColor: tokens.colorNeutralBackground1,
  },
  held: { backgroundColor: tokens.colorBrandBackground2, zIndex: 1, boxShadow: tokens.shadow8 },
  above: { borderTop: `2px solid ${tokens.colorBrandStroke1}` },
  below: { borderBottom: `2px solid ${tokens.colorBrandStroke1}` },
  handle: { cursor: "grab", touchAction: "none", minWidth: "28px" },
  number: { color: tokens.colorNeutralForeground2, minWidth: "2.2rem", textAlign: "right", fontVariantNumeric: "tabular-nums" },
  name: { flexGrow: 1, minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", paddingLeft: tokens.spacingHorizontalS },
  button: { minWidth: "28px" },
  empty: { padding: tokens.spacingHorizontalL, color: tokens.colorNeutralForeground2 },
});

interface Props {
  label: string;
  /** How many there are, and what stands at a place. Only what is on the screen is asked for. */
  length: number;
  row: (index: number) => { key: string; name: string } | undefined;
  onMove: (from: number, to: number) => void;
  onRemove: (index: number) => void;
  empty: string;
}

/** A list that a person puts in order: by dragging, by buttons, or with Alt and the arrow keys. */
export function OrderList({ label, length, row: rowAt, onMove, onRemove, empty }: Props) {
  const styles = useStyles();
  const scroll = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const [said, say] = useState("");
  const focus = useRef<string>(undefined);
  const virtual = useVirtualizer({ count: length, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 8 });
  useEffect(() => {
    // What was moved keeps the focus at its new place.
    if (!focus.current) return;
    const row = [...(scroll.current?.querySelectorAll<HTMLElement>("[data-key]") ?? [])].find((r) => r.dataset["key"] === focus.current);
    const button = row?.querySelector<HTMLElement>("[data-handle]");
    if (!button) return;
    focus.current = undefined;
    button.focus({ preventScroll: true });
  });
  const move = (from: number, to: number) => {
    const row = rowAt(from);
    const place = Math.max(0, Math.min(length - 1, to));
    if (!row || place === from) return;
    onMove(from, place);
    focus.current = row.key;
    virtual.scrollToIndex(place);
    say(`${row.name} is number ${place + 1} of ${length}`);
  };
  const onKey = (e: KeyboardEvent, index: number) => {
    if (!e.altKey) return;
    const to: Record<string, number> = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: length - 1 };
    const target = to[e.key];
    if (target === undefined) return;
    e.preventDefault();
    move(index, target);
  };
  const place = (e: PointerEvent): number => {
    const box = scroll.current;
    if (!box) return 0;
    const y = e.clientY - box.getBoundingClientRect().top;
    // Near an edge the list goes on.
    if (y < rowHeight / 2) box.scrollTop -= rowHeight / 2;
    else if (y > box.clientHeight - rowHeight / 2) box.scrollTop += rowHeight / 2;
    return Math.max(0, Math.min(length - 1, Math.floor((y + box.scrollTop) / rowHeight)));
  };
  const handle = (index: number) => ({
    onPointerDown: (e: PointerEvent) => {
      if (e.button !== 0) return;
      e.currentTarget.setPointerCapture(e.pointerId);
      setDrag({ from: index, to: index });
    },
    onPointerMove: (e: PointerEvent) => { if (drag) setDrag({ from: drag.from, to: place(e) }); },
    onPointerUp: () => {
      if (drag) move(drag.from, drag.to);
      setDrag(undefined);
    },
    onPointerCancel: () => setDrag(undefined),
  });
  return (
    <div ref={scroll} className={styles.scroll}>
      {length === 0 && <Text block className={styles.empty}>{empty}</Text>}
      <ol className={styles.list} aria-label={label} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rowAt(item.index);
          if (!row) return null;
          const here = drag?.to === item.index && drag.from !== item.index;
          return (
            <li
              key={row.key} data-key={row.key} aria-posinset={item.index + 1} aria-setsize={length} onKeyDown={(e) => onKey(e, item.index)}
              className={mergeClasses(styles.row, drag?.from === item.index && styles.held, here && (drag.to < drag.from ? styles.above : styles.below))}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Button
                data-handle appearance="subtle" size="small" className={styles.handle} icon={<ReOrderDotsVerticalRegular />}
                aria-label={`Place of ${row.name}: drag it, or press Alt with an arrow key`} {...handle(item.index)}
              />
              <span className={styles.number}>{count(item.index + 1)}</span>
              <span className={styles.name}>{row.name}</span>
              <Explained
                appearance="subtle" size="small" className={styles.button} icon={<ArrowUpRegular />} aria-label={`Move ${row.name} up`} why={item.index === 0 && "It is the first."}
                onClick={() => move(item.index, item.index - 1)}
              />
              <Explained
                appearance="subtle" size="small" className={styles.button} icon={<ArrowDownRegular />} aria-label={`Move ${row.name} down`}
                why={item.index === length - 1 && "It is the last."} onClick={() => move(item.index, item.index + 1)}
              />
              <Button appearance="subtle" size="small" className={styles.button} icon={<DismissRegular />} aria-label={`Remove ${row.name}`} onClick={() => onRemove(item.index)} />
            </li>
          );
        })}
      </ol>
      <div aria-live="polite" style={{ position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" }}>{said}</div>
    </div>
  );
}
