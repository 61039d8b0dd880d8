import { afterAll, beforeAll, expect, test } from "vitest";
import { startSite, type Site } from "./site";
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

const next = () => v.page.getByRole("button", { name: "Next", exact: true });
const tree = () => v.page.getByRole("tree", { name: "Accounts and mailboxes" });
const leaf = (name: string | RegExp) => tree().getByRole("treeitem", { name });
const order = () => v.page.getByRole("list", { name: "Order of processing" }).getByRole("listitem");

async function pick(label: string, option: string | RegExp) {
  await v.page.getByRole("combobox", { name: label }).click();
  await v.page.getByRole("option", { name: option }).click();
}

async function at(step: string) {
  await v.page.waitForURL(new RegExp(`/${step}$`));
}

test("a new job: the source, chosen, ordered and searched", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("button", { name: "New job" }).click();
  await at("source");
  expect(await next().getAttribute("aria-disabled")).toBe("true");
  await leaf("Spare 1").click();
  await leaf("Spare 2").click();
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("spare 2");
  await leaf("Spare 1").waitFor({ state: "detached" });
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("");
  await expect.poll(() => order().count()).toBe(2);
  await order().first().getByText("Spare 1").waitFor();
  await look(v, "wizard-source-single");

  // By its button, then by the keyboard back.
  await v.page.getByRole("button", { name: "Move Spare 2 up" }).click();
  await order().first().getByText("Spare 2").waitFor();
  await v.page.getByRole("button", { name: /^Place of Spare 2/ }).press("Alt+ArrowDown");
  await order().first().getByText("Spare 1").waitFor();
  // By dragging.
  const from = await v.page.getByRole("button", { name: /^Place of Spare 1/ }).boundingBox();
  const to = await v.page.getByRole("button", { name: /^Place of Spare 2/ }).boundingBox();
  if (!from || !to) throw new Error("nothing to drag");
  await v.page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await v.page.mouse.down();
  await v.page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 4 });
  await v.page.mouse.up();
  await order().first().getByText("Spare 2").waitFor();

  // The whole account by the keyboard, without one.
  await tree().focus();
  await tree().press("Home");
  await tree().press("Space");
  await order().nth(2).getByText("All of Contoso").waitFor();
  await leaf("Spare 1").click();
  await v.page.getByRole("tab", { name: "Left out (1)" }).click();
  await v.page.getByRole("list", { name: "Left out" }).getByText("Spare 1").waitFor();
  await look(v, "wizard-source-account");
  await next().click();
});

test("the destination, also for a single mailbox", async () => {
  await at("destination");
  await pick("Repository", /Second vault/);
  await look(v, "wizard-destination");
  await v.page.getByRole("radio", { name: /^Advanced/ }).click();
  await v.page.getByRole("grid", { name: "Repositories of mailboxes" }).getByRole("checkbox", { name: "Select Spare 2" }).click();
  await pick("Send the chosen mailboxes to", "Main vault");
  await v.page.getByRole("grid", { name: "Repositories of mailboxes" }).getByText("Main vault").waitFor();
  await look(v, "wizard-destination-advanced");
  await next().click();
});

test("schedules of all kinds, with their next starts", async () => {
  await at("schedule");
  const one = v.page.getByRole("group", { name: "Schedule 1" });
  const starts = v.page.getByRole("table", { name: "Coming starts" });
  await starts.getByText(/22:00/).first().waitFor();
  await expect.poll(() => starts.getByRole("row").count()).toBe(11);
  await one.getByRole("button", { name: "Sunday" }).click();
  await one.getByRole("combobox", { name: "Time zone" }).click();
  await one.getByRole("combobox", { name: "Time zone" }).fill("tokyo");
  await v.page.getByRole("option", { name: "Asia/Tokyo" }).click();
  await starts.getByText(/\(Asia\/Tokyo\)/).first().waitFor();
  await one.getByRole("switch", { name: "Stop it at a time" }).click();
  await v.page.getByRole("button", { name: "Add another schedule" }).click();
  const two = v.page.getByRole("group", { name: "Schedule 2" });
  await two.getByRole("combobox", { name: "Starts" }).click();
  await v.page.getByRole("option", { name: "Monthly or yearly" }).click();
  await two.getByRole("radio", { name: "A weekday of it" }).click();
  await v.page.getByRole("button", { name: "Add another schedule" }).click();
  const three = v.page.getByRole("group", { name: "Schedule 3" });
  await three.getByRole("combobox", { name: "Starts" }).click();
  await v.page.getByRole("option", { name: "Again and again" }).click();
  await starts.getByText(/08:00/).first().waitFor();
  await v.page.getByRole("button", { name: "Add another schedule" }).click();
  const four = v.page.getByRole("group", { name: "Schedule 4" });
  await four.getByRole("combobox", { name: "Starts" }).click();
  await v.page.getByRole("option", { name: "After another job" }).click();
  await v.page.getByText("Schedule 4: choose the job that it follows.").locator("visible=true").first().waitFor();
  await four.getByRole("combobox", { name: "Which job" }).click();
  await v.page.getByRole("option", { name: "All mail" }).click();
  await v.page.getByText("Besides, it starts after All mail.").waitFor();
  await look(v, "wizard-schedule");
  for (const n of [4, 3, 2]) await v.page.getByRole("button", { name: `Remove schedule ${n}` }).click();
  await next().click();
});

test("the retention, with what it will mean", async () => {
  await at("retention");
  await v.page.getByText(/each mailbox would have/).waitFor();
  await look(v, "wizard-retention");
  await next().click();
});

test("the options refuse what cannot be", async () => {
  await at("options");
  await v.page.getByRole("textbox", { name: "Name", exact: true }).fill("All mail");
  await v.page.getByText("Another job is called All mail.").locator("visible=true").first().waitFor();
  await v.page.getByRole("textbox", { name: "Name", exact: true }).fill("Nightly");
  await v.page.getByLabel("To", { exact: true }).fill("it@contoso.com; nobody");
  await v.page.getByText("“nobody” is not a mail address.").locator("visible=true").first().waitFor();
  await v.page.getByLabel("To", { exact: true }).fill("it@contoso.com; boss@contoso.com");
  await v.page.getByRole("checkbox", { name: "Recoverable Items" }).click();
  await v.page.getByRole("switch", { name: "Run a script before each run" }).click();
  const script = v.page.getByRole("group", { name: "Script before each run" });
  await script.getByLabel("Path on the Director’s machine").fill("/bin/echo");
  await script.getByLabel("Arguments").fill("hello from the script");
  await look(v, "wizard-options");
  await next().click();
});

test("a reload keeps what was entered", async () => {
  await at("finish");
  await v.page.reload();
  await v.page.getByText("it@contoso.com; boss@contoso.com").waitFor();
});

test("the end tells what was set and how long it takes; Finish & Run leads to a run that ends", async () => {
  await v.page.getByRole("heading", { name: "First run" }).waitFor();
  await v.page.getByText(/Runs fit the window of/).waitFor();
  await look(v, "wizard-finish");
  // The job is in the list of jobs before its run is there: its own name must not lead back to the options.
  const seen: string[] = [];
  v.page.on("framenavigated", (frame) => seen.push(new URL(frame.url()).pathname));
  await v.page.getByRole("button", { name: "Finish & Run" }).click();
  await v.page.waitForURL(/\/runs\//);
  expect(seen.filter((path) => path.startsWith("/jobs/new"))).toEqual([]);
  await v.page.getByText("7 successful").waitFor();
  await v.page.getByText("hello from the script").waitFor();
  await look(v, "wizard-run");
});

test("an edit begins with what is stored, and asks before it is left", async () => {
  await v.page.getByRole("link", { name: "Nightly" }).click();
  await v.page.getByRole("button", { name: "Edit" }).click();
  await at("source");
  await order().first().getByText("Spare 2").waitFor();
  await v.page.getByRole("button", { name: "Retention" }).click();
  await v.page.getByText(/would stay/).waitFor();
  await v.page.getByLabel("The last points").fill("3");
  await v.page.getByLabel("The last points").press("Tab");
  await v.page.getByText(/The last 3 points/).waitFor();
  await look(v, "wizard-edit-retention");
  await v.page.getByRole("button", { name: "Cancel" }).click();
  const dialog = v.page.getByRole("alertdialog");
  await dialog.getByText("Leave without finishing?").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await v.page.getByRole("button", { name: "Finish", exact: true }).last().click();
  await v.page.getByText(/The last 3 points/).waitFor();
});

test("an edit that began before somebody else's change is not kept over it", async () => {
  const other = await v.context.newPage();
  await v.page.getByRole("button", { name: "Edit" }).click();
  await at("source");
  await v.page.getByRole("button", { name: "Options" }).click();
  await v.page.getByRole("textbox", { name: "Name", exact: true }).fill("Nightly, mine");
  await other.goto("/jobs");
  await other.getByRole("button", { name: "More for Nightly" }).click();
  await other.getByRole("menuitem", { name: "Disable" }).click();
  await other.getByRole("grid", { name: "Jobs" }).getByText("Disabled", { exact: true }).waitFor();
  await other.close();
  await v.page.getByRole("button", { name: "Finish", exact: true }).last().click();
  await v.page.getByText("Job Nightly was changed by somebody else since it was opened; open it again, and change it as it is now.").waitFor();
  await look(v, "wizard-edit-conflict");
  // Opened again, it begins with what is stored.
  await v.page.reload();
  await v.page.getByText("Disabled: it does not start, and cannot be run").waitFor();
  expect(await v.page.getByRole("textbox", { name: "Name", exact: true }).inputValue()).toBe("Nightly");
  await v.page.getByRole("button", { name: "Cancel" }).click();
  await v.page.getByRole("heading", { name: "Nightly", level: 1 }).waitFor();
  await v.page.getByText("Disabled", { exact: true }).first().waitFor();
});

test("a draft needs nothing but is kept, and goes on where it was", async () => {
  await v.page.goto("/jobs/new/source");
  await v.page.getByRole("button", { name: "Save as a draft" }).click();
  await v.page.getByText("This is a draft: it neither starts nor runs.").waitFor();
  await look(v, "jobs-draft");
  await v.page.getByRole("button", { name: "Go on with the draft" }).click();
  await at("source");
  await leaf(/^Contoso/).waitFor();
});

test("mailboxes in no job are chosen by an address", async () => {
  await v.page.goto("/jobs/new?mailboxes=unprotected");
  await v.page.getByText("Nothing is chosen yet.").waitFor();
});
