import { Code, ConnectError } from "@connectrpc/connect";
import { session } from "@/session/session";

/**
 * Has the browser keep a file of the Director's. The form goes into a frame that nobody sees: a file leaves this page as it
 * is, and an answer that is none is asked for again to tell why.
 */
export function download(path: string, fields: [name: string, value: string][], failed: (error: unknown) => void): void {
  const name = `download-${crypto.randomUUID()}`;
  const frame = document.createElement("iframe");
  frame.name = name;
  frame.hidden = true;
  frame.title = "Download";
  document.body.append(frame);
  const form = document.createElement("form");
  form.method = "post";
  form.action = path;
  form.target = name;
  form.hidden = true;
  for (const [key, value] of fields) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = key;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  const gone = window.setTimeout(() => frame.remove(), 3_600_000);
  frame.addEventListener("load", () => {
    window.clearTimeout(gone);
    frame.remove();
    void why(path, fields).then(failed);
  });
  form.submit();
  form.remove();
}

const codes: Record<string, Code> = {
  unauthenticated: Code.Unauthenticated, permission_denied: Code.PermissionDenied, not_found: Code.NotFound,
  invalid_argument: Code.InvalidArgument, failed_precondition: Code.FailedPrecondition,
};

/** Finds out why a download did not begin. */
async function why(path: string, fields: [string, string][]): Promise<unknown> {
  const abort = new AbortController();
  try {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), signal: abort.signal });
    if (answer.ok) {
      abort.abort();
      return new ConnectError("The download broke off before it began. Try it again.", Code.Aborted);
    }
    if (answer.headers.get("holdfast-session") === "ended") session.expired();
    const told = (await answer.json()) as { code?: string; message?: string };
    return new ConnectError(told.message ?? `the Director answered ${answer.status}`, codes[told.code ?? ""] ?? Code.Unknown);
  } catch (error) {
    return error;
  }
}
