import { useCallback, useMemo, useRef, useState } from "react";
import { keepPreviousData, useQueries, useQueryClient } from "@tanstack/react-query";

/** A page of rows, and how many there are in all. */
export interface PageOf<T> {
  rows: T[];
  total: number;
}

interface Options<T> {
  /** What the list is of: filters and order. Another key is another list. */
  key: readonly unknown[];
  read: (offset: number, limit: number, signal: AbortSignal) => Promise<PageOf<T>>;
  /** Rows of a page. */
  size?: number;
  enabled?: boolean;
  /** Asks again every so many milliseconds. */
  refetchInterval?: number | false;
}

/** A list that is read as it is looked at: what a Grid wants of it. */
export interface Pages<T> {
  count: number;
  row: (index: number) => T | undefined;
  onShow: (from: number, to: number) => void;
  /** Nothing has been read yet. */
  pending: boolean;
  error: unknown;
  retry: () => void;
}

/** Reads the pages of a long list that are on the screen, any of them at once, and keeps what was read. */
export function usePages<T>({ key, read, size = 100, enabled = true, refetchInterval = false }: Options<T>): Pages<T> {
  const client = useQueryClient();
  const [shown, setShown] = useState({ from: 0, to: 0 });
  const id = JSON.stringify(key);
  const wanted = useMemo(() => {
    const list: number[] = [];
    for (let p = Math.floor(shown.from / size); p <= Math.floor(shown.to / size); p++) list.push(p);
    return list;
  }, [shown, size]);
  const results = useQueries({
    queries: wanted.map((page) => ({
      queryKey: ["pages", id, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => read(page * size, size, signal),
      enabled,
      refetchInterval,
      staleTime: 10_000,
      placeholderData: wanted.length === 1 && page === 0 ? keepPreviousData : undefined,
    })),
  });
  // A page that is not read yet does not make the list shorter: it stays as long as the last page said.
  const told = useRef({ id, count: 0 });
  const total = results.find((r) => r.data)?.data?.total;
  if (total !== undefined) told.current = { id, count: total };
  const count = told.current.id === id ? told.current.count : 0;
  const row = (index: number): T | undefined => {
    const page = Math.floor(index / size);
    const at = wanted.indexOf(page);
    const data = (at >= 0 ? results[at]?.data : undefined) ?? client.getQueryData<PageOf<T>>(["pages", id, page]);
    return data?.rows[index - page * size];
  };
  const onShow = useCallback((from: number, to: number) => {
    setShown((s) => (s.from === from && s.to === to ? s : { from, to }));
  }, []);
  return {
    count,
    row,
    onShow,
    pending: enabled && results.every((r) => r.data === undefined && !r.error),
    error: results.find((r) => r.error)?.error,
    retry: () => void client.invalidateQueries({ queryKey: ["pages", id] }),
  };
}
