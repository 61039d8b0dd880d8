import { useEffect, useState } from "react";

/** A value, once it has stayed the same for so many milliseconds: what is typed is asked when the typing pauses. */
export function useDebounced<T>(value: T, ms = 200): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), ms);
    return () => window.clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
