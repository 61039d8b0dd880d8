import { afterAll, beforeAll, test } from "vitest";
import { startSite, type Site } from "./site";
import { look, menu, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ prepared: true, mailboxes: 2, messages: 10 });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("repositories are listed with what they take", async () => {
  await menu(v, "Repositories");
  await v.page.getByRole("row", { name: /Main vault/ }).waitFor();
  await look(v, "repositories");
});

test("a repository is made, encrypted, step by step", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Create a repository" }).click();
  await page.getByLabel(/^Name/).fill("Third vault");
  await page.getByLabel(/^Transporter/).click();
  await page.getByRole("option", { name: "Vault room" }).click();
  await page.getByLabel(/^Folder/).fill("relative/folder");
  await page.getByRole("main").getByText("Enter the whole path of the folder").waitFor();
  await look(v, "repository-new-place");
  await page.getByLabel(/^Folder/).fill(`${site.data}/third`);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("switch", { name: "Encrypt everything in it" }).click();
  await page.getByLabel(/^Passphrase\b(?!, again)/).fill("several odd words");
  await page.getByLabel("Passphrase, again").fill("several odd words");
  await look(v, "repository-new-options");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("main").getByText("nobody can help").waitFor();
  await look(v, "repository-new-finish");
  await page.getByRole("button", { name: "Create it" }).click();
  await page.getByRole("heading", { name: "Third vault" }).waitFor();
  await page.getByText("AES-256").waitFor();
});

test("a repository is detached and attached again", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Detach", exact: true }).click();
  await look(v, "repository-detach");
  await page.getByRole("button", { name: "Detach it" }).click();
  await page.getByRole("main").getByText("It is detached.").waitFor();
  await look(v, "repository-detached");
  await page.getByRole("button", { name: "Attach", exact: true }).click();
  await page.getByRole("button", { name: "Detach", exact: true }).waitFor();
});

test("a repository is removed with its data only when its name is typed", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "More" }).click();
  await look(v, "repository-more");
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await page.getByLabel("Delete the data too").click();
  await look(v, "repository-remove");
  await page.getByLabel("Type “Third vault” to go on").fill("Third vault");
  await page.getByRole("button", { name: "Remove it and delete all its backups" }).click();
  await page.getByRole("row", { name: /Second vault/ }).waitFor();
  await page.getByRole("row", { name: /Third vault/ }).waitFor({ state: "detached" });
});

test("the backups in a repository are listed", async () => {
  const { page } = v;
  await page.getByRole("row", { name: /Main vault/ }).click();
  await page.getByRole("heading", { name: "Main vault" }).waitFor();
  await look(v, "repository");
  await page.getByRole("tab", { name: "Backups" }).click();
  await page.getByText("4 backups").waitFor();
  await look(v, "repository-backups");
});

test("a repository is verified by the clock", async () => {
  const { page } = v;
  await page.getByRole("tab", { name: "Schedules" }).click();
  await page.getByText("Nothing is done to it by the clock.").waitFor();
  await page.getByRole("region", { name: "Verify", exact: true }).getByRole("button", { name: "Add a time" }).click();
  await page.getByRole("region", { name: "Attach" }).getByRole("button", { name: "Add a time" }).click();
  await page.getByRole("switch", { name: /Delete all backups/ }).click();
  await look(v, "repository-schedules");
  await page.getByRole("switch", { name: /Delete all backups/ }).click();
  await page.getByRole("button", { name: "Save the schedules" }).click();
  await page.getByRole("region", { name: "Coming" }).getByText("Verify").first().waitFor();
  await look(v, "repository-schedules-saved");
});
