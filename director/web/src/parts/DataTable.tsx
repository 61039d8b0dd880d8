import { useMemo, useState, type ReactNode } from "react";
import { getCoreRowModel, getFilteredRowModel, getSortedRowModel, useReactTable, type ColumnDef, type SortingState } from "@tanstack/react-table";
import { Grid, type Column, type Selection } from "@/parts/Grid";

/** A column whose rows are all here, and are sorted here. */
export interface DataColumn<T> extends Omit<Column<T>, "sortable"> {
  /** What it is sorted by, and found by where that is a text; without it the column is not sorted. */
  value?: (row: T) => string | number | bigint | undefined;
}

interface Props<T> {
  label: string;
  columns: DataColumn<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** What was typed into a search box over the table. */
  search?: string;
  /** The key of the column that it is sorted by at first; with "-" before it, descending. */
  sortedBy?: string;
  /** Keys of the selected rows, and how to say which are. */
  selected?: ReadonlySet<string>;
  onSelect?: (keys: Set<string>) => void;
  rowName?: (row: T) => string;
  onOpen?: (row: T) => void;
  current?: string;
  empty?: ReactNode;
}

const text = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function compare(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return text.compare(a, b);
  if (a === undefined || a === b) return a === b ? 0 : -1;
  if (b === undefined) return 1;
  return (a as number) < (b as number) ? -1 : 1;
}

/** A table of rows that are all here: sorted, searched, selected in the browser. */
export function DataTable<T>(props: Props<T>) {
  const { columns, rows, rowKey, search = "", selected, onSelect } = props;
  const [sorting, setSorting] = useState<SortingState>(() => {
    const by = props.sortedBy;
    return by ? [{ id: by.replace(/^-/, ""), desc: by.startsWith("-") }] : [];
  });
  const defs = useMemo<ColumnDef<T>[]>(
    () =>
      columns.map((c) => ({
        id: c.key,
        accessorFn: (row: T) => c.value?.(row),
        enableSorting: c.value !== undefined,
        sortingFn: (a, b, id) => compare(a.getValue(id), b.getValue(id)),
      })),
    [columns],
  );
  const table = useReactTable({
    data: rows,
    columns: defs,
    state: { sorting, globalFilter: search.trim().toLowerCase() },
    onSortingChange: setSorting,
    getRowId: rowKey,
    getColumnCanGlobalFilter: (c) => columns.find((x) => x.key === c.id)?.value !== undefined,
    globalFilterFn: (row, id, wanted: string) => {
      const value = row.getValue(id);
      return typeof value === "string" && value.toLowerCase().includes(wanted);
    },
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
  const shown = table.getRowModel().rows;
  const selection = useMemo<Selection<T> | undefined>(() => {
    if (!selected || !onSelect) return undefined;
    const chosen = shown.filter((r) => selected.has(r.id)).length;
    return {
      has: (row) => selected.has(rowKey(row)),
      set: (list, on) => {
        const next = new Set(selected);
        for (const row of list) {
          if (on) next.add(rowKey(row));
          else next.delete(rowKey(row));
        }
        onSelect(next);
      },
      all: {
        state: chosen === 0 ? false : chosen === shown.length ? true : "mixed",
        set: (on) => {
          const next = new Set(selected);
          for (const row of shown) {
            if (on) next.add(row.id);
            else next.delete(row.id);
          }
          onSelect(next);
        },
      },
      name: (row) => `Select ${props.rowName?.(row) ?? rowKey(row)}`,
    };
  }, [selected, onSelect, shown, rowKey, props.rowName]);
  const sort = sorting[0];
  return (
    <Grid
      label={props.label}
      columns={columns.map((c) => ({ ...c, sortable: c.value !== undefined }))}
      count={shown.length}
      row={(i) => shown[i]?.original}
      rowKey={rowKey}
      sort={sort && { key: sort.id, down: sort.desc }}
      onSort={(s) => setSorting([{ id: s.key, desc: s.down }])}
      selection={selection}
      onOpen={props.onOpen}
      current={props.current}
      empty={search && rows.length > 0 ? `Nothing here contains “${search.trim()}”.` : props.empty}
    />
  );
}
