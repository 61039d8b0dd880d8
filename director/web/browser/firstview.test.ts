import { afterAll, beforeAll, test } from "vitest";
import { first } from "./mail";
import type { Rigged } from "./rig";
import { startSite, type Site } from "./site";
import { expectQuiet, settled, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ prepared: true });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

/** Opens a page as somebody does who never opened any: nothing of it is in the browser. In milliseconds until it was whole. */
async function open(path: string): Promise<{ whole: number; task: number }> {
  const client = await v.context.newCDPSession(v.page);
  await client.send("Network.clearBrowserCache");
  await client.detach();
  await v.page.goto("about:blank");
  await v.page.goto(path, { waitUntil: "commit" });
  await v.page.getByRole("main").getByRole("heading").first().waitFor();
  await settled(v.page, "light");
  return v.page.evaluate(() => {
    const { test: t } = window as unknown as Rigged;
    return { whole: t.changed, task: Math.max(0, ...t.tasks) };
  });
}

// That pages come whole is proven here; how fast is told, and is to be under a second on a machine that does nothing else.
test("every page comes whole to somebody who never opened any", async () => {
  const job = await first<{ id: string; lastRunId: string }>(v, "JobService/ListJobs", "jobs");
  const account = await first(v, "AccountService/ListAccounts", "accounts");
  const repository = await first(v, "RepositoryService/ListRepositories", "repositories");
  const transporter = await first(v, "TransporterService/ListTransporters", "transporters");
  const paths = [
    "/", "/mailboxes/unprotected", "/jobs", "/jobs/new/source", `/jobs/${job.id}`, `/jobs/${job.id}?tab=runs`, `/jobs/${job.id}?tab=estimate`,
    `/jobs/${job.id}/edit/schedule`, `/runs/${job.lastRunId}`, "/recovery", "/recovery/new/backup", "/recovery/compare", "/recovery/drills", "/activities",
    `/activities/${job.lastRunId}`, "/calendar", "/accounts", "/accounts/new", `/accounts/${account.id}`, "/transporters", "/transporters/new",
    `/transporters/${transporter.id}`, "/repositories", "/repositories/new", "/repositories/attach", `/repositories/${repository.id}`,
    `/repositories/${repository.id}?tab=backups`, "/settings/users", "/settings/users/admin", "/settings/audit", "/settings/mail", "/settings/certificates",
    "/settings/self-backup", "/settings/support", "/me",
  ];
  const seen = [];
  for (const path of paths) {
    seen.push({ path: path.replaceAll(/[0-9a-f-]{36}/g, "…"), ...(await open(path)) });
    expectQuiet(v);
  }
  seen.sort((a, b) => b.whole - a.whole);
  const lines = seen.map((s) => `${s.whole.toFixed(0).padStart(6)} ms, longest task ${s.task.toFixed(0).padStart(4)} ms  ${s.path}`);
  console.log(["first views, slowest first", ...lines].join("\n"));
});
