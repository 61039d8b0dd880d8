import type { Site } from "./site";
import type { Visitor } from "./visitor";

/** A message as the simulated tenant takes it. */
export interface Mail {
  Folder: string[];
  Subject: string;
  Body: string;
  BodyHTML?: boolean;
  From: { Name: string; Address: string };
  To: { Name: string; Address: string }[];
  Received: string;
  Sent: string;
  MessageID: string;
  Read?: boolean;
  Attachments?: { Name: string; ContentType: string; Content: string }[];
}

interface User {
  id: string;
  displayName: string;
  mail: string;
  mailbox: boolean;
}

async function control(site: Site, method: string, path: string, body?: string): Promise<Response> {
  const answer = await fetch(`${site.tenant.control}/_control/${path}`, { method, body });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** The users of the tenant that have mail. */
export async function people(site: Site): Promise<User[]> {
  const users = (await (await control(site, "GET", "users")).json()) as User[];
  return users.filter((u) => u.mailbox && !u.displayName.startsWith("Spare"));
}

/** Puts mail into a mailbox of the tenant. */
export async function addMail(site: Site, user: string, list: Mail[]): Promise<void> {
  await control(site, "POST", `mailboxes/${user}/messages`, list.map((m) => JSON.stringify(m)).join("\n"));
}

/** Deletes messages of the tenant for good, by their internet message ids. */
export async function loseMail(site: Site, user: string, ids: string[]): Promise<void> {
  await control(site, "POST", `mailboxes/${user}/change`, JSON.stringify({ do: "permanent", messages: ids }));
}

/** Takes a user out of the tenant, and tells the Director so. */
export async function loseUser(site: Site, v: Visitor, user: string): Promise<void> {
  await control(site, "PATCH", `users/${user}`, JSON.stringify({ deleted: true }));
  const { accounts } = await api<{ accounts: { id: string }[] }>(v, "AccountService/ListAccounts", {});
  for (const a of accounts) await api(v, "AccountService/RefreshAccount", { accountId: a.id });
}

/** The subjects of all messages that a mailbox of the tenant has, by folder path. */
export async function truth(site: Site, user: string): Promise<{ path: string; subject: string; id: string }[]> {
  const text = await (await control(site, "GET", `mailboxes/${user}/truth`)).text();
  return text.split("\n").filter(Boolean).map((l) => JSON.parse(l) as { message?: { path: string; subject: string; internetMessageId: string } })
    .flatMap((l) => (l.message ? [{ path: l.message.path, subject: l.message.subject, id: l.message.internetMessageId }] : []));
}

/** Calls a method of the API as the page that is open would. */
export async function api<T>(v: Visitor, method: string, request: object): Promise<T> {
  return await v.page.evaluate(async ([path, body]) => {
    const answer = await fetch(`/holdfast.director.v1.${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as never;
  }, [method, JSON.stringify(request)] as const);
}

/** The first of what a method lists. */
export async function first<T = { id: string }>(v: Visitor, method: string, list: string): Promise<T> {
  const [one] = (await api<Record<string, T[]>>(v, method, {}))[list] ?? [];
  if (!one) throw new Error(`${method} lists nothing`);
  return one;
}

/** Runs a job to its end. */
export async function runJob(v: Visitor, name: string): Promise<void> {
  const { jobs } = await api<{ jobs: { id: string; name: string }[] }>(v, "JobService/ListJobs", {});
  const job = jobs.find((j) => j.name === name);
  if (!job) throw new Error(`there is no job ${name}`);
  const { run } = await api<{ run: { id: string } }>(v, "JobService/RunJob", { jobId: job.id });
  await ended(v, run.id);
}

/** Waits until an activity has ended, and tells how. */
export async function ended(v: Visitor, id: string): Promise<string> {
  for (;;) {
    const { activity } = await api<{ activity: { status: string; ended?: string } }>(v, "ActivityService/GetActivity", { activityId: id });
    if (activity.ended) return activity.status;
    await v.page.evaluate(() => new Promise((done) => requestIdleCallback(done, { timeout: 200 })));
  }
}
