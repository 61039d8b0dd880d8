import { afterAll, beforeAll, test } from "vitest";
import { startSite, type Site } from "./site";
import { enter, look, newPassword, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ mailboxes: 1, messages: 2 });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

// What each area says on a site where nothing has been set up and nothing was done. Transporters and the inventory are looked
// at where they are set up.
test.each([
  ["/", "Four steps to the first backup", "dashboard"],
  ["/jobs", "No job yet", "jobs"],
  ["/jobs/new/source", "No account yet", "job-source"],
  ["/recovery", "Choose a backup", "recovery"],
  ["/recovery/new/backup", "There are no backups here yet.", "recovery-backup"],
  ["/recovery/compare", "No points are chosen", "recovery-compare"],
  ["/recovery/drills", "No drill yet", "drills"],
  ["/activities", "Nothing has been done yet", "activities"],
  ["/calendar", "Nothing", "calendar"],
  ["/repositories", "No repository yet", "repositories"],
  ["/mailboxes/unprotected", "There is none. That is good.", "mailboxes"],
  ["/no/such/page", "This address leads nowhere", "nowhere"],
])("%s of a fresh site says “%s”", async (path, text, name) => {
  await v.page.goto(path);
  await v.page.getByRole("main").getByText(text).first().waitFor();
  await look(v, `fresh-${name}`);
});

test.each([
  ["/settings/mail?show=webhooks", "No webhooks"],
  ["/settings/mail?show=deliveries", "No report was made yet."],
  ["/jobs/no-such-job", "There is no such job"],
  ["/runs/no-such-run", "There is no such run"],
  ["/accounts/no-such-account", "There is no such account"],
  ["/repositories/no-such-repository", "could not be read"],
  ["/transporters/no-such-transporter", "There is no such Transporter"],
])("%s of a fresh site says “%s” too", async (path, text) => {
  await v.page.goto(path);
  await v.page.getByText(text).first().waitFor();
});

test("whoever has to sign in first comes to the address that they asked for", async () => {
  await v.context.clearCookies();
  await v.page.goto("/activities?kind=backup");
  await enter(v, "admin", newPassword);
  await v.page.getByRole("heading", { name: "Activities", level: 1 }).waitFor();
  await v.page.waitForURL((url) => `${url.pathname}${url.search}` === "/activities?kind=backup");
});
