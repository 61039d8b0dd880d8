import { afterAll, beforeAll, expect, test } from "vitest";
import { api, first } from "./mail";
import { startSite, type Site } from "./site";
import { expectQuiet, firstSignIn, look, settled, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;
let job: { id: string; lastRunId: string };
let account: { id: string };
let repository: { id: string };
let transporter: { id: string };

beforeAll(async () => {
  site = await startSite({ prepared: true, mailboxes: 2, messages: 10 });
  const admin = await visit(site);
  await signIn(admin, site);
  const { oneTimePassword } = await api<{ oneTimePassword: string }>(admin, "UserService/CreateUser", { name: "auditor", role: "ROLE_AUDITOR" });
  await admin.close();
  v = await visit(site);
  await firstSignIn(v, "auditor", oneTimePassword);
  job = await first(v, "JobService/ListJobs", "jobs");
  account = await first(v, "AccountService/ListAccounts", "accounts");
  repository = await first(v, "RepositoryService/ListRepositories", "repositories");
  transporter = await first(v, "TransporterService/ListTransporters", "transporters");
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

/** The buttons of a page that can be pressed, without those that sort a list; and those that cannot, with the reason. */
async function buttons() {
  return v.page.getByRole("main").getByRole("button").evaluateAll((all) => all
    .filter((b) => b.checkVisibility() && !b.closest('[role="columnheader"]'))
    .map((b) => ({
      name: b.getAttribute("aria-label") ?? b.textContent,
      off: b.getAttribute("aria-disabled") === "true" || b.matches(":disabled"),
      why: b.getAttribute("aria-describedby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join(" "),
    })));
}

/** Opens a page: it comes to rest and offers nothing but what is named; what it holds back, it gives a reason for. */
async function offers(path: string, allowed: string[], barred: string[]) {
  await v.page.goto(path);
  await v.page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await settled(v.page, "light");
  const seen = await buttons();
  const on = seen.filter((b) => !b.off && b.name !== "clear").map((b) => b.name); // that of a search field
  expect(on.filter((name) => !allowed.includes(name ?? "")), `${path} offers more than an auditor may do`).toEqual([]);
  for (const name of barred) {
    const found = seen.filter((b) => b.name === name);
    expect(found.length, `${path} shows “${name}”`).toBeGreaterThan(0);
    for (const b of found) expect(b.why, `${path}: why “${name}” cannot be pressed`).toMatch(/^Only for (operators and )?administrators\.$/);
  }
  expectQuiet(v);
}

test("pages of what goes on offer nothing that changes it", async () => {
  await offers("/", ["Look at it"], ["Run it now", "Set it up", "Edit the job"]);
  await look(v, "auditor-dashboard");
  await offers("/jobs", ["More for All mail"], ["New job", "Run All mail"]);
  for (const tab of ["", "?tab=runs", "?tab=starts", "?tab=estimate"]) await offers(`/jobs/${job.id}${tab}`, ["More for All mail"], ["Run", "Edit"]);
  await offers(`/jobs/${job.id}?tab=retention`, ["More for All mail"], ["Run", "Edit", "Change it", "Apply it now"]);
  await offers(`/runs/${job.lastRunId}`, [], ["Run all again"]);
  await offers(`/activities/${job.lastRunId}`, [], []);
  await offers("/activities", [], []);
  await offers("/calendar", ["The week before", "This week", "The week after"], []);
  await offers("/mailboxes/unprotected", [], []);
});

test("pages of what is set up offer nothing that changes it", async () => {
  await offers("/accounts", [], ["Add an account"]);
  await offers(`/accounts/${account.id}`, [], ["Read mailboxes anew", "Edit", "Remove"]);
  await offers(`/accounts/${account.id}/edit`, ["Cancel"], ["Test and save"]);
  await offers("/transporters", [], ["Add a Transporter"]);
  await offers("/transporters/new", ["Cancel", "Other Transporters reach it under another address"], ["Pair it"]);
  await offers(`/transporters/${transporter.id}`, ["Look again"], ["Edit"]);
  await offers("/repositories", [], ["Attach an existing folder", "Create a repository"]);
  await offers("/repositories/attach", ["Cancel"], ["Attach it"]);
  for (const tab of ["", "?tab=backups", "?tab=schedules"]) await offers(`/repositories/${repository.id}${tab}`, ["More"], ["Recover from it", "Verify", "Detach"]);
  await offers("/settings/certificates", [], []);
  await offers("/settings/self-backup", ["Increment value", "Decrement value"], ["Save", "Back up now"]);
  await offers("/settings/support", [], ["Download the bundle"]);
});

test("wizards can be looked at, and not finished", async () => {
  await offers("/jobs/new/source", ["Source", "Cancel"], ["Save as a draft"]);
  const steps = ["Source", "Destination", "Schedule", "Retention", "Options", "Finish", "Next", "Cancel"];
  const order = ["Put a mailbox first…", "Place of All of Contoso: drag it, or press Alt with an arrow key", "Remove All of Contoso"];
  await v.page.goto(`/jobs/${job.id}/edit/finish`);
  await v.page.getByRole("group", { name: "Finish" }).waitFor();
  await offers(`/jobs/${job.id}/edit/source`, [...steps, ...order], []);
  expect((await buttons()).filter((b) => b.name === "Finish").map((b) => b.off)).toEqual([false, true]);
  await offers("/accounts/new/application", ["Application", "Credential", "Next", "Cancel"], []);
  await offers("/repositories/new/place", ["Place", "Cancel"], []);
});

test("menus say for whom their items are", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("button", { name: "More for All mail" }).click();
  await barredItems(6, /administrators only/);
  await look(v, "auditor-job-menu");
  await v.page.goto(`/repositories/${repository.id}`);
  await v.page.getByRole("button", { name: "More", exact: true }).click();
  await barredItems(8, /Only for (operators and )?administrators/);
});

async function barredItems(count: number, why: RegExp) {
  const items = v.page.getByRole("menuitem");
  await expect.poll(() => items.count()).toBe(count);
  for (const item of await items.all()) {
    expect(await item.getAttribute("aria-disabled"), await item.innerText()).toBe("true");
    expect(await item.innerText()).toMatch(why);
  }
}

test("what is in mailboxes, and what is only for administrators, says so", async () => {
  for (const path of ["/recovery", "/recovery/new/backup", "/recovery/compare"]) {
    await offers(path, [], []);
    await v.page.getByText("Recovery is for operators").waitFor();
  }
  await offers("/recovery/drills", [], ["Set up a drill"]);
  for (const path of ["/settings/users", "/settings/users/admin", "/settings/mail"]) {
    await offers(path, ["Try again"], []);
    await v.page.getByRole("main").getByText("Your role does not permit this").waitFor();
  }
  await look(v, "auditor-mail");
});

test("an auditor reads the audit log, and keeps their own password, sessions and tokens", async () => {
  await offers("/settings/audit", ["Download all"], []);
  await v.page.getByRole("grid", { name: "Audit log" }).getByRole("row", { name: /Create user.*auditor/ }).waitFor();
  await offers("/me", ["Change the password", "Sign out everywhere", "Create a token"], []);
});
