import { afterAll, beforeAll, test } from "vitest";
import { startSite, type Site } from "./site";
import { tenant } from "./tenant";
import { look, signIn, visit, type Visitor } from "./visitor";

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

const list = () => v.page.getByRole("grid", { name: "Mailboxes" });

test("a run shows each mailbox", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("link", { name: "The last run of All mail" }).click();
  await v.page.getByText("8 successful").waitFor();
  await list().getByText("Successful").first().waitFor();
  await look(v, "jobs-run");
});

test("mailboxes of a run are narrowed in its address", async () => {
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("spare 1");
  await list().getByText("Spare 1").waitFor();
  await list().getByText("Spare 2").waitFor({ state: "detached" });
  await v.page.getByRole("combobox", { name: "Which mailboxes" }).click();
  await v.page.getByRole("option", { name: /Failed \(0\)/ }).click();
  await list().getByText("No mailbox here contains “spare 1”.").waitFor();
  await v.page.waitForURL((url) => url.searchParams.get("show") === "failed");
});

test("a mailbox of a run tells what it holds against the tenant", async () => {
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("");
  await v.page.getByRole("combobox", { name: "Which mailboxes" }).click();
  await v.page.getByRole("option", { name: /^All \(/ }).click();
  await list().getByRole("row").nth(1).click();
  await v.page.getByText(/The mailbox held \d+ messages/).waitFor();
  await v.page.getByRole("switch", { name: /Folders that are the same/ }).click();
  await v.page.getByRole("grid", { name: "Folders" }).getByText("Same", { exact: true }).first().waitFor();
  await look(v, "jobs-task");
});

test("chosen mailboxes are run, and the run is seen to its end", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("link", { name: "All mail", exact: true }).click();
  await v.page.getByRole("button", { name: "Run a part of it" }).click();
  await v.page.getByRole("menuitem", { name: "Chosen mailboxes…" }).click();
  const dialog = v.page.getByRole("dialog");
  await dialog.getByRole("searchbox", { name: "Search mailboxes" }).fill("Spare");
  await dialog.getByRole("checkbox", { name: "Select Spare 2" }).click();
  await dialog.getByRole("searchbox", { name: "Search mailboxes" }).fill("");
  await dialog.getByText("1 chosen of 8").waitFor();
  await look(v, "jobs-run-some");
  await dialog.getByRole("button", { name: "Run 1 mailbox" }).click();
  await v.page.getByText("1 successful").waitFor();
});

test("a run is stopped now, and what is missing is offered to be run", async () => {
  await tenant(site, "POST", "faults", { kind: "messages.*", hold: true });
  await v.page.getByRole("button", { name: "Run all again" }).click();
  await v.page.getByRole("button", { name: "Stop", exact: true }).click();
  const dialog = v.page.getByRole("alertdialog");
  await dialog.getByLabel(/^Now/).click();
  await look(v, "jobs-stop");
  await dialog.getByRole("button", { name: "Stop the run" }).click();
  await v.page.getByText("Stopped", { exact: true }).first().waitFor();
  await tenant(site, "DELETE", "faults");
  await look(v, "jobs-run-stopped");
  await v.page.getByRole("button", { name: "Run those that are missing" }).click();
  await v.page.getByText(/^\d successful$/).waitFor();
});
