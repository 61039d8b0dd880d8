import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { connection } from "@/api/connection";
import { session } from "@/session/session";

/** What is asked before somebody is signed in may fail for want of a session without sending them to the sign-in page. */
const open = new Set(["SignIn", "GetVersion", "WhoAmI"]);

/** Tells the rest of the page what every call shows: the Director answers or does not, the session lives or does not. */
const watch: Interceptor = (next) => async (request) => {
  try {
    const answer = await next(request);
    connection.up();
    return answer;
  } catch (error) {
    const e = ConnectError.from(error);
    if (e.code === Code.Canceled) throw e;
    if (unreachable(e)) connection.down();
    else connection.up();
    if (sessionEnded(e) && !open.has(request.method.name)) session.expired();
    throw e;
  }
};

/** Whether a call failed for want of a session, and not for a wrong secret of Microsoft's. */
export function sessionEnded(error: ConnectError): boolean {
  return error.code === Code.Unauthenticated && error.metadata.get("holdfast-session") === "ended";
}

/** Whether a call failed because nothing answered; a Director that says "unavailable" of something else did answer. */
export function unreachable(error: ConnectError): boolean {
  if (error.cause instanceof TypeError) return true; // fetch: the network, or a connection that broke
  return error.code === Code.Unavailable && error.details.length === 0;
}

/** The one way to the Director. The session's cookie goes with every call. */
export const transport = createConnectTransport({
  baseUrl: window.location.origin,
  useBinaryFormat: true,
  interceptors: [watch],
});
