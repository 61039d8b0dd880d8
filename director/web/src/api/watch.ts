import { useEffect, useRef, useState } from "react";
import { Code, ConnectError } from "@connectrpc/connect";
import { connection } from "@/api/connection";
import { unreachable } from "@/api/transport";

/** What a stream has brought so far. */
export interface Watched<T> {
  latest: T | undefined;
  error: unknown;
  ended: boolean;
}

/**
 * Follows a stream of the Director and keeps its last message. A stream that breaks off is begun again; one that fails for
 * good reports the error. A change of key begins anew.
 */
export function useWatch<T>(key: string, open: (signal: AbortSignal) => AsyncIterable<T>, enabled = true): Watched<T> {
  const [state, setState] = useState<Watched<T> & { key: string }>({ key, latest: undefined, error: undefined, ended: false });
  const opener = useRef(open);
  opener.current = open;
  useEffect(() => {
    if (!enabled) return undefined;
    const abort = new AbortController();
    setState({ key, latest: undefined, error: undefined, ended: false });
    void follow(abort.signal, (signal) => opener.current(signal), {
      message: (latest) => setState({ key, latest, error: undefined, ended: false }),
      failed: (error) => setState((s) => ({ ...s, error, ended: true })),
      ended: () => setState((s) => ({ ...s, ended: true })),
    });
    return () => abort.abort();
  }, [key, enabled]);
  return state.key === key ? state : { latest: undefined, error: undefined, ended: false };
}

interface Listener<T> {
  message: (m: T) => void;
  failed: (error: unknown) => void;
  ended: () => void;
}

async function follow<T>(signal: AbortSignal, open: (signal: AbortSignal) => AsyncIterable<T>, to: Listener<T>) {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 5000)) {
    try {
      for await (const message of open(signal)) {
        if (signal.aborted) return;
        connection.up();
        wait = 500;
        to.message(message);
      }
      to.ended();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const e = ConnectError.from(error);
      const passing = unreachable(e) || e.code === Code.Unavailable || e.code === Code.Unknown;
      if (!passing) {
        to.failed(e);
        return;
      }
      await pause(wait, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = window.setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      done();
    }, { once: true });
  });
}
