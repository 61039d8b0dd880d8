import type { ReactNode } from "react";
import { Spinner } from "@fluentui/react-components";
import { FaultNote } from "@/parts/FaultNote";

interface Query<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Shows what was asked once it is there: a spinner before, the fault when it failed. Old data stays while it is asked again. */
export function Loaded<T>({ query, what, children }: { query: Query<T>; what: string; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error ? <FaultNote title={`${what} could not be read again`} error={query.error} retry={() => void query.refetch()} /> : null}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <FaultNote title={`${what} could not be read`} error={query.error} retry={() => void query.refetch()} />;
  return <Spinner label="Loading" style={{ margin: "auto" }} />;
}
