import { afterAll, beforeAll, test } from "vitest";
import { startSite, type Site } from "./site";
import { holdMessages, look, menu, message, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ prepared: true, mailboxes: 1, messages: 5 });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("a mail server that refuses says so before anything is saved", async () => {
  const { page } = v;
  await menu(v, "E-mail and reports");
  await page.getByRole("switch", { name: "Send mail" }).click();
  await page.getByLabel(/^Server/).fill("127.0.0.1");
  await page.getByLabel(/^Sent from/).fill("backup@contoso.example");
  await page.getByLabel("Port").fill("9");
  await page.getByLabel("Port").press("Tab");
  await page.getByLabel("Send a test to").fill("admin@contoso.example");
  await page.getByRole("button", { name: "Send a test mail" }).click();
  await page.getByText("The test mail was not sent").waitFor();
  await look(v, "settings-mail");
  await holdMessages(v);
  await page.getByRole("button", { name: "Save the mail server" }).click();
  await message(v, "The settings were saved").waitFor();
});

test("reports of everything, webhooks and deliveries have their pages", async () => {
  const { page } = v;
  await page.getByRole("tab", { name: "Reports of everything" }).click();
  await page.getByLabel("Addresses").fill("admin@contoso.example; nobody");
  await page.getByText("“nobody” is not an address.").waitFor();
  await look(v, "settings-reports");
  await page.getByLabel("Addresses").fill("admin@contoso.example");
  await page.getByRole("button", { name: "Save the reports" }).click();
  await page.getByRole("tab", { name: "Webhooks" }).click();
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await page.getByLabel(/^Name/).fill("Chat");
  await page.getByLabel(/^Address/).fill("https://127.0.0.1:9/hook");
  await look(v, "settings-webhooks");
  await page.getByRole("button", { name: "Save the webhooks" }).click();
  await page.getByRole("group", { name: "Chat" }).waitFor();
  await page.getByRole("tab", { name: "Deliveries" }).click();
  await page.getByText("No report was made yet.").waitFor();
  await look(v, "settings-deliveries");
});

test("certificates are listed with their ends", async () => {
  await menu(v, "Certificates");
  await v.page.getByRole("row", { name: /These pages/ }).waitFor();
  await look(v, "settings-certificates");
});

test("the Director is backed up, and the file is there", async () => {
  const { page } = v;
  await menu(v, "Self-backup");
  await page.getByLabel(/^Folder/).fill(`${site.data}/director-backups`);
  await page.getByLabel("Passphrase", { exact: true }).fill("several odd words");
  await page.getByLabel("The passphrase, again").fill("several odd words");
  await look(v, "settings-self-backup");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByLabel("Another passphrase").waitFor();
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByRole("main").getByText("Succeeded").first().waitFor();
  await menu(v, "Self-backup");
  await page.getByRole("grid", { name: "Backups of the Director" }).getByText("Readable").waitFor();
  await look(v, "settings-self-backup-made");
});

test("a support bundle is downloaded", async () => {
  const { page } = v;
  await menu(v, "Support");
  await look(v, "settings-support");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the bundle" }).click()]);
  if (!file.suggestedFilename().endsWith(".zip")) throw new Error(`a bundle called ${file.suggestedFilename()}`);
});
