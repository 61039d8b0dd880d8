import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Checkbox, makeStyles, mergeClasses, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { ArrowDownRegular, ArrowUpRegular } from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";

const useStyles = makeStyles({
  scroll: {
    overflow: "auto", flexGrow: 1, minHeight: "min(8rem, 100%)", position: "relative",
    border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  row: {
    display: "grid", alignItems: "center", columnGap: tokens.spacingHorizontalM, minHeight: "44px",
    padding: `0 ${tokens.spacingHorizontalM}`, borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  header: {
    position: "sticky", top: 0, zIndex: 1, backgroundColor: tokens.colorNeutralBackground2, fontWeight: tokens.fontWeightSemibold,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  body: { position: "relative" },
  line: {
    position: "absolute", top: 0, left: 0, right: 0, outlineStyle: "none", minHeight: 0,
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { boxShadow: `inset 0 0 0 2px ${tokens.colorStrokeFocus2}` },
  },
  opens: { cursor: "pointer" },
  selected: { backgroundColor: tokens.colorBrandBackground2, ":hover": { backgroundColor: tokens.colorBrandBackground2Hover } },
  cell: { minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  end: { textAlign: "right", fontVariantNumeric: "tabular-nums" },
  sort: {
    display: "inline-flex", alignItems: "center", gap: tokens.spacingHorizontalXS, border: "none", padding: 0, margin: 0, cursor: "pointer",
    backgroundColor: "transparent", color: "inherit", fontFamily: "inherit", fontSize: "inherit", fontWeight: "inherit", maxWidth: "100%",
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "2px" },
  },
  none: { padding: tokens.spacingVerticalXXL, textAlign: "center", color: tokens.colorNeutralForeground2 },
});

/** A column of a grid. */
export interface Column<T> {
  key: string;
  title: string;
  /** A CSS grid track ("minmax(12rem, 2fr)", "8rem"). */
  width: string;
  cell: (row: T, index: number) => ReactNode;
  sortable?: boolean;
  /** Numbers stand at the end of their column. */
  end?: boolean;
  /** Left out while the grid is narrower than so many pixels. */
  above?: number;
  /** Its title is read aloud and not shown (buttons at the end of a row). */
  quiet?: boolean;
}

export interface Sort {
  key: string;
  down: boolean;
}

/** Which rows are chosen. The caller keeps them, so that they outlive paging and searching. */
export interface Selection<T> {
  has: (row: T) => boolean;
  set: (rows: T[], chosen: boolean) => void;
  /** What the box over all rows shows, and does; without it there is none. */
  all?: { state: boolean | "mixed"; set: (chosen: boolean) => void };
  /** Which rows can be chosen; all unless told. */
  can?: (row: T) => boolean;
  /** The name of a row's box ("Select Ada Marsh"). */
  name: (row: T) => string;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  /** How many rows there are, those not read yet included. */
  count: number;
  /** The row at a place; undefined while it is not read. */
  row: (index: number) => T | undefined;
  rowKey: (row: T) => string;
  /** Told which rows are on the screen, to read them. */
  onShow?: (from: number, to: number) => void;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  selection?: Selection<T>;
  onOpen?: (row: T) => void;
  /** The row that is shown beside the grid. */
  current?: string;
  /** Said where there are no rows. */
  empty?: ReactNode;
  rowHeight?: number;
}

/**
 * A list of any length: only the rows on the screen exist. Arrow keys, Page Up and Down, Home and End walk; Space selects,
 * Enter opens; a click with Shift selects as far as the last one.
 */
export function Grid<T>(props: Props<T>) {
  const { columns, count, row, rowKey, onShow, selection, rowHeight = 44 } = props;
  const styles = useStyles();
  const scroll = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(Number.POSITIVE_INFINITY);
  const [focus, setFocus] = useState(0);
  const wanted = useRef<number | undefined>(undefined);
  const anchor = useRef(0);
  const virtual = useVirtualizer({
    count, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 8, scrollPaddingStart: rowHeight,
  });
  useLayoutEffect(() => {
    const element = scroll.current;
    if (!element) return undefined;
    const seen = new ResizeObserver(() => setWide(element.clientWidth));
    seen.observe(element);
    setWide(element.clientWidth);
    return () => seen.disconnect();
  }, []);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= first) onShow?.(first, last);
  }, [first, last, onShow]);
  useEffect(() => {
    if (wanted.current === undefined) return;
    const line = scroll.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (line) {
      wanted.current = undefined;
      line.focus({ preventScroll: true });
    }
  });
  const shown = useMemo(() => columns.filter((c) => !c.above || wide >= c.above), [columns, wide]);
  const tracks = (selection ? "32px " : "") + shown.map((c) => c.width).join(" ");
  const go = useCallback((to: number) => {
    const at = Math.max(0, Math.min(count - 1, to));
    setFocus(at);
    wanted.current = at;
    virtual.scrollToIndex(at);
  }, [count, virtual]);

  const choose = (index: number, extend: boolean) => {
    if (!selection) return;
    const chosen = row(index);
    if (!chosen || selection.can?.(chosen) === false) return;
    const turn = !selection.has(chosen);
    const from = extend ? Math.min(anchor.current, index) : index;
    const to = extend ? Math.max(anchor.current, index) : index;
    const rows: T[] = [];
    for (let i = from; i <= to; i++) {
      const r = row(i);
      if (r && selection.can?.(r) !== false) rows.push(r);
    }
    selection.set(rows, extend ? true : turn);
    anchor.current = index;
  };
  const onKey = (e: KeyboardEvent<HTMLDivElement>) => {
    if (!(e.target instanceof HTMLElement) || e.target.getAttribute("role") !== "row") return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / rowHeight) - 2);
    const to: Record<string, number> = {
      ArrowDown: focus + 1, ArrowUp: focus - 1, PageDown: focus + page, PageUp: focus - page, Home: 0, End: count - 1,
    };
    const target = to[e.key];
    if (target !== undefined) go(target);
    else if (e.key === " " && selection) choose(focus, e.shiftKey);
    else if (e.key === "Enter" && props.onOpen) {
      const r = row(focus);
      if (r) props.onOpen(r);
    } else return;
    e.preventDefault();
  };
  const tabStop = Math.max(first, Math.min(focus, last));

  return (
    <div
      ref={scroll} className={styles.scroll} role="grid" aria-label={props.label} aria-rowcount={count + 1}
      aria-colcount={shown.length + (selection ? 1 : 0)} aria-multiselectable={selection ? true : undefined} onKeyDown={onKey}
    >
      <div role="rowgroup" className={styles.header} style={{ position: "sticky" }}>
        <div role="row" aria-rowindex={1} className={styles.row} style={{ gridTemplateColumns: tracks }}>
          {selection && (
            <div role="columnheader" aria-label="Selected">
              {selection.all && (
                <Checkbox aria-label="Select all" checked={selection.all.state} onChange={(_, d) => selection.all?.set(d.checked === true)} />
              )}
            </div>
          )}
          {shown.map((c) => (
            <Head key={c.key} column={c} sort={props.sort} onSort={props.onSort} />
          ))}
        </div>
      </div>
      {count === 0 ? (
        <div role="rowgroup">
          <div role="row"><div role="gridcell" className={styles.none}>{props.empty ?? "There is nothing here."}</div></div>
        </div>
      ) : (
        <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const r = row(item.index);
            const chosen = r !== undefined && selection?.has(r) === true;
            return (
              <div
                key={item.index} role="row" aria-rowindex={item.index + 2} data-index={item.index}
                aria-selected={selection ? chosen : undefined} aria-current={r && props.current === rowKey(r) ? true : undefined}
                tabIndex={item.index === tabStop ? 0 : -1} onFocus={() => setFocus(item.index)}
                className={mergeClasses(
                  styles.row, styles.line, props.onOpen && styles.opens, (chosen || (r && props.current === rowKey(r))) && styles.selected,
                )}
                style={{ gridTemplateColumns: tracks, height: item.size, transform: `translateY(${item.start}px)` }}
                onClick={(e) => {
                  if (e.target instanceof Element && e.target.closest("button, a, input, [role=menuitem]")) return;
                  if (e.shiftKey && selection) choose(item.index, true);
                  else if (r && props.onOpen) props.onOpen(r);
                }}
              >
                {selection && (
                  <div role="gridcell">
                    {r && selection.can?.(r) !== false && (
                      <Checkbox
                        aria-label={selection.name(r)} checked={chosen} tabIndex={-1}
                        onChange={(e) => choose(item.index, e.nativeEvent instanceof MouseEvent && e.nativeEvent.shiftKey)}
                      />
                    )}
                  </div>
                )}
                {shown.map((c) => (
                  <div key={c.key} role="gridcell" className={mergeClasses(styles.cell, c.end && styles.end)}>
                    {r ? c.cell(r, item.index) : <Skeleton aria-label="Loading"><SkeletonItem size={12} /></Skeleton>}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function Head<T>({ column, sort, onSort }: { column: Column<T>; sort: Sort | undefined; onSort: ((s: Sort) => void) | undefined }) {
  const styles = useStyles();
  const on = sort?.key === column.key;
  const by = on ? (sort.down ? "descending" : "ascending") : "none";
  return (
    <div
      role="columnheader" aria-sort={column.sortable && onSort ? by : undefined} aria-label={column.quiet ? column.title : undefined}
      className={mergeClasses(styles.cell, column.end && styles.end)}
    >
      {column.quiet ? null : column.sortable && onSort ? (
        <button type="button" className={styles.sort} onClick={() => onSort({ key: column.key, down: on ? !sort.down : false })}>
          {column.title}
          {on && (sort.down ? <ArrowDownRegular aria-hidden /> : <ArrowUpRegular aria-hidden />)}
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}
