import type { Site } from "./site";

/** Tells the simulated tenant what to do: faults, settings. The body is what its control endpoint takes. */
export async function tenant<T = unknown>(site: Site, method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T | undefined> {
  const answer = await fetch(`${site.tenant.control}/_control/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? undefined : (JSON.parse(text) as T);
}
