import { QueryClient } from "@tanstack/react-query";
import { Code, ConnectError } from "@connectrpc/connect";
import { connection } from "@/api/connection";
import { unreachable } from "@/api/transport";

/** The cache of what was asked. What is on the screen is asked again when the Director comes back. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => {
        const e = ConnectError.from(error);
        return unreachable(e) ? failures < 2 : e.code === Code.Unavailable && failures < 1;
      },
      retryDelay: 500,
    },
    mutations: { retry: false },
  },
});

connection.onReturn = () => void queries.invalidateQueries();
