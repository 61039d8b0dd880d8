import { afterAll, beforeAll, expect, test } from "vitest";
import { startSite, type Site } from "./site";
import { holdMessages, look, menu, message, query, signIn, visit, type Visitor } from "./visitor";

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

const dialog = () => v.page.getByRole("alertdialog");

test("the list tells what a job does, and leads to it", async () => {
  await menu(v, "Jobs");
  const grid = v.page.getByRole("grid", { name: "Jobs" });
  await grid.getByText("Successful").waitFor();
  await grid.getByText("All mailboxes of Contoso").waitFor();
  await look(v, "jobs-list");
  await grid.getByRole("link", { name: "All mail", exact: true }).click();
  await v.page.getByRole("heading", { name: "All mail" }).waitFor();
  await v.page.getByText("Main vault").waitFor();
  await look(v, "jobs-job");
});

test("the tabs of a job have addresses", async () => {
  const id = new URL(v.page.url()).pathname.split("/").at(-1) ?? "";
  await v.page.getByRole("tab", { name: "Runs" }).click();
  await v.page.getByRole("grid", { name: "Runs" }).getByText("Successful").first().waitFor();
  await query(v, "tab=runs");
  await look(v, "jobs-job-runs");
  await v.page.goto(`/jobs/${id}?tab=starts`);
  await v.page.getByText("Nothing starts it by the clock").waitFor();
  await look(v, "jobs-job-starts");
  await v.page.getByRole("tab", { name: "Retention" }).click();
  await v.page.getByText(/points would stay, 0 would be deleted/).waitFor();
  await look(v, "jobs-job-retention");
  await v.page.getByRole("tab", { name: "Estimate" }).click();
  await v.page.getByRole("heading", { name: "Later runs" }).waitFor();
  await look(v, "jobs-job-estimate");
});

test("a clone begins disabled; a group, a new name, and what is taken back", async () => {
  await v.page.getByRole("button", { name: "More for All mail" }).click();
  await v.page.getByRole("menuitem", { name: "Clone…" }).click();
  await dialog().getByLabel("Name of the new job").fill("Nightly");
  await look(v, "jobs-clone");
  await dialog().getByRole("button", { name: "Clone the job" }).click();
  await v.page.getByRole("heading", { name: "Nightly" }).waitFor();
  await v.page.getByText("Disabled", { exact: true }).waitFor();
  await v.page.getByRole("button", { name: "More for Nightly" }).click();
  await v.page.getByRole("menuitem", { name: "Rename…" }).click();
  await dialog().getByLabel("Name").fill("Weekly");
  await dialog().getByRole("button", { name: "Rename the job" }).click();
  await v.page.getByRole("heading", { name: "Weekly" }).waitFor();

  await v.page.goto("/jobs");
  const grid = v.page.getByRole("grid", { name: "Jobs" });
  await grid.getByRole("checkbox", { name: "Select Weekly" }).click();
  const tools = v.page.getByRole("toolbar", { name: "What to do with the chosen jobs" });
  await tools.getByText("1 chosen").waitFor();
  await tools.getByRole("button", { name: "Group…" }).click();
  await dialog().getByLabel("Group").fill("Sites");
  await dialog().getByRole("button", { name: "Set the group" }).click();
  await grid.getByRole("button", { name: "Sites (1)" }).waitFor();
  await holdMessages(v);
  await tools.getByRole("button", { name: "Enable" }).click();
  await grid.getByText("Disabled", { exact: true }).waitFor({ state: "detached" });
  await message(v, "Weekly was enabled").getByRole("button", { name: "Undo" }).click();
  await grid.getByText("Disabled", { exact: true }).waitFor();
  await look(v, "jobs-groups");
});

test("a disabled job says why it cannot be run", async () => {
  const run = v.page.getByRole("button", { name: "Run Weekly" });
  expect(await run.getAttribute("aria-disabled")).toBe("true");
  await run.focus();
  await v.page.getByText("It is disabled. Enable it first.").locator("visible=true").first().waitFor();
});

test("the list is searched and narrowed, in its address", async () => {
  await v.page.goto("/jobs?q=week");
  const grid = v.page.getByRole("grid", { name: "Jobs" });
  await grid.getByRole("link", { name: "Weekly" }).waitFor();
  expect(await grid.getByRole("link", { name: "All mail", exact: true }).count()).toBe(0);
  await v.page.getByRole("searchbox", { name: "Search jobs" }).fill("nothing");
  await grid.getByText("No job here contains “nothing”.").waitFor();
});

test("deleting keeps backups, or takes them too once the name is typed", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("button", { name: "More for Weekly" }).click();
  await v.page.getByRole("menuitem", { name: "Delete…" }).click();
  await dialog().getByLabel(/Delete its backups too/).click();
  const go = dialog().getByRole("button", { name: "Delete the job and its backups" });
  expect(await go.getAttribute("aria-disabled")).toBe("true");
  await look(v, "jobs-delete");
  await dialog().getByLabel("Type “Weekly” to go on").fill("Weekly");
  await go.click();
  await dialog().waitFor({ state: "detached" });
  await v.page.getByRole("link", { name: "Weekly" }).waitFor({ state: "detached" });
});
