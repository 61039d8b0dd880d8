import { create, toJsonString, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useCallback, useEffect, useRef, useState } from "react";
import { transport } from "@/api/transport";
import { SearchRequestSchema, SearchService, type SearchHit, type SearchRequest, type SearchSummary } from "@/gen/holdfast/director/v1/search_pb";

const client = createClient(SearchService, transport);

/** What a search has found so far. */
export interface Found {
  hits: SearchHit[];
  /** Of the last page; undefined while the first one is on its way. */
  summary: SearchSummary | undefined;
  busy: boolean;
  error: unknown;
  /** Asks for the next page; nothing happens when there is none, or when it is on its way. */
  more: () => void;
  /** Finds up to so many, and returns them all. */
  upTo: (most: number) => Promise<SearchHit[]>;
  retry: () => void;
}

interface State {
  key: string;
  hits: SearchHit[];
  summary: SearchSummary | undefined;
  busy: boolean;
  error: unknown;
}

const nothing: State = { key: "", hits: [], summary: undefined, busy: false, error: undefined };

/** Searches as soon as the request is another one. What was found before stays until the first of the new comes. */
export function useSearch(wanted: MessageInitShape<typeof SearchRequestSchema> | undefined): Found {
  const request = wanted && create(SearchRequestSchema, { limit: 100, ...wanted });
  const key = request ? toJsonString(SearchRequestSchema, request) : "";
  const [state, setState] = useState<State>(nothing);
  const [round, setRound] = useState(0);
  const live = useRef<State>(nothing);
  const abort = useRef(new AbortController());
  const latest = useRef<SearchRequest | undefined>(request);
  latest.current = request;

  const put = useCallback((next: State) => {
    live.current = next;
    setState(next);
  }, []);
  const page = useCallback(async (limit: number) => {
    const of = latest.current;
    const signal = abort.current.signal;
    const before = live.current;
    if (!of || before.busy) return;
    put({ ...before, busy: true, error: undefined });
    try {
      const hits = [...before.hits];
      for await (const part of client.search({ ...of, limit, cursor: before.summary?.nextCursor ?? "" }, { signal })) {
        hits.push(...part.hits);
        if (signal.aborted) return;
        put({ ...live.current, hits: [...hits], summary: part.summary ?? live.current.summary, busy: part.summary === undefined });
      }
    } catch (error) {
      if (!signal.aborted) put({ ...live.current, busy: false, error });
    }
  }, [put]);

  useEffect(() => {
    abort.current = new AbortController();
    put({ ...nothing, key });
    if (key !== "") void page(100);
    const mine = abort.current;
    return () => mine.abort();
  }, [key, round, page, put]);

  const more = useCallback(() => {
    if (live.current.summary?.nextCursor && live.current.error === undefined) void page(200);
  }, [page]);
  const upTo = useCallback(async (most: number) => {
    while (live.current.hits.length < most && live.current.summary?.nextCursor && !live.current.busy && live.current.error === undefined) {
      await page(Math.min(1000, most - live.current.hits.length));
    }
    return live.current.hits;
  }, [page]);
  const retry = useCallback(() => setRound((n) => n + 1), []);
  const shown = state.key === key ? state : { ...nothing, busy: key !== "" };
  return { ...shown, more, upTo, retry };
}
