import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "./mail";
import { startSite, type Site } from "./site";
import { tenant } from "./tenant";
import { look, menu, query, signIn, visit, type Visitor } from "./visitor";

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

test("what was done is listed, newest first, and found", async () => {
  await menu(v, "Activities");
  await v.page.getByRole("row", { name: /All mail/ }).first().waitFor();
  await look(v, "activities-list");
  await v.page.getByRole("tab", { name: "Recoveries" }).click();
  await v.page.getByText("No activity fits.").waitFor();
  await v.page.getByRole("tab", { name: "Backups" }).click();
  await query(v, "kind=backup");
  await v.page.getByRole("searchbox", { name: "Search activities" }).fill("nothing of this name");
  await v.page.getByText("No activity fits.").waitFor();
  await v.page.getByRole("searchbox", { name: "Search activities" }).fill("");
});

test("a run shows its mailboxes, and all about one", async () => {
  await v.page.getByRole("row", { name: /All mail/ }).first().click();
  await v.page.waitForURL(/\/runs\//); // runs of jobs have a page of their own
  await v.page.goto(new URL(v.page.url()).pathname.replace("/runs/", "/activities/"));
  await v.page.getByRole("grid", { name: "Mailboxes" }).getByText("Succeeded").first().waitFor();
  await look(v, "activities-run");
  await v.page.getByRole("grid", { name: "Mailboxes" }).getByRole("row").nth(1).click();
  await v.page.getByRole("button", { name: "Recover from this point" }).waitFor();
  await look(v, "activities-mailbox");
  await v.page.getByRole("button", { name: "Recover from this point" }).click();
  await v.page.getByRole("treeitem", { name: /^Inbox/ }).waitFor();
});

test("an activity that goes on is stopped", async () => {
  const { jobs } = await api<{ jobs: { id: string }[] }>(v, "JobService/ListJobs", {});
  // The tenant keeps its answers back, so that there is something to stop.
  await tenant(site, "POST", "faults", { kind: "messages.*", hold: true });
  const { run } = await api<{ run: { id: string } }>(v, "JobService/RunJob", { jobId: jobs[0]?.id });
  await v.page.goto(`/activities/${run.id}`);
  await v.page.getByRole("button", { name: "Stop" }).click();
  await v.page.getByRole("menuitem", { name: "After the current message" }).click();
  await v.page.getByRole("button", { name: "Stop after the current message" }).click();
  await v.page.getByRole("region", { name: "Overview" }).getByText("Stopping").waitFor();
  // The current message does not come: there is still a way to an end.
  await v.page.getByRole("button", { name: "Stop", exact: true }).click();
  await expect.poll(() => v.page.getByRole("menuitem").allInnerTexts()).toEqual(["Now"]);
  await v.page.getByRole("menuitem", { name: "Now" }).click();
  await look(v, "activities-stop");
  await v.page.getByRole("button", { name: "Stop now" }).click();
  await v.page.getByRole("region", { name: "Overview" }).getByText("Stopped").waitFor();
  await tenant(site, "DELETE", "faults");
  await look(v, "activities-stopped");
});

test("an activity that does not exist says so", async () => {
  await v.page.goto("/activities/no-such-activity");
  await v.page.getByText("The activity could not be read").waitFor();
  await look(v, "activities-missing");
});
