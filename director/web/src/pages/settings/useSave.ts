import { useState } from "react";

/** A save that is under way, and why the last one failed. */
export function useSave(): { busy: boolean; error: unknown; run: (act: () => Promise<void>) => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = (act: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    act().catch(setError).finally(() => setBusy(false));
  };
  return { busy, error, run };
}
