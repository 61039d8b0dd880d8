/** What a recovery is begun from: leave out what is not known yet. */
export interface From {
  repository?: string;
  point?: string;
  /** A folder of the point to open. */
  folder?: string;
  job?: string;
  account?: string;
  mailbox?: string;
}

/** The address of the recovery wizard, begun from a repository, a job, a mailbox or a point: for buttons of other pages. */
export function recoverFrom(from: From): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(from)) {
    if (value) query.set(key, String(value));
  }
  return `/recovery/new/${from.repository && from.point ? "objects" : "backup"}?${query.toString()}`;
}

/** The address of the search over all mail, with what is looked for. */
export function searchFor(text: string): string {
  return `/recovery?${new URLSearchParams({ q: text }).toString()}`;
}
