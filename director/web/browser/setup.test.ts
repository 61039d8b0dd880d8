import { afterAll, beforeAll, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { startSite, type Site } from "./site";
import { look, menu, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ mailboxes: 3, messages: 5 });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("a Transporter is paired with the code that it printed", async () => {
  const { page } = v;
  await menu(v, "Transporters");
  await page.getByText("No Transporter yet").waitFor();
  await look(v, "transporters-none");
  await page.getByRole("button", { name: "Add a Transporter" }).click();
  await look(v, "transporter-new");
  const first = site.pairing[0];
  await page.getByLabel("Name").fill("Office");
  await page.getByLabel(/^Address/).fill(first?.address ?? "");
  await page.getByLabel("Pairing code").fill("hf1-not-the-code");
  await page.getByRole("button", { name: "Pair it" }).click();
  await page.getByText("It could not be paired").waitFor();
  await look(v, "transporter-wrong-code");
  await page.getByLabel("Pairing code").fill(first?.code ?? "");
  await page.getByRole("button", { name: "Pair it" }).click();
  await page.getByRole("heading", { name: "Office" }).waitFor();
  await page.getByText("Ready").waitFor();
  await page.getByRole("button", { name: "Test connections" }).click();
  await page.getByText("All connections work.").waitFor();
  await look(v, "transporter");
});

test("a Transporter gets another name and another limit", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await look(v, "transporter-edit");
  await dialog.getByLabel("Name").fill("Head office");
  await dialog.getByLabel("Tasks at once").fill("5");
  await dialog.getByLabel("Tasks at once").press("Tab");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Head office" }).waitFor();
  await page.getByText("0 running, at most 5").waitFor();
  await menu(v, "Transporters");
  await page.getByRole("row", { name: /Head office/ }).waitFor();
  await look(v, "transporters");
});

test("an account is added once Microsoft takes its credential", async () => {
  const { page } = v;
  await menu(v, "Inventory");
  await page.getByText("No Microsoft 365 account yet").waitFor();
  await look(v, "accounts-none");
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByText("Grant admin consent").waitFor();
  await look(v, "account-new-application");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Name").fill("Contoso");
  await page.getByLabel("Tenant ID").fill(site.tenant.id);
  await page.getByLabel("Client ID").fill(site.tenant.clientId);
  await page.getByLabel(/^Client secret/).fill("not the secret");
  await page.getByLabel("Cloud").click();
  await page.getByRole("option", { name: "Other addresses" }).click();
  await page.getByLabel("Address of the sign-in service").fill(site.tenant.root);
  await page.getByLabel("Address of Microsoft Graph").fill(site.tenant.root);
  await page.getByLabel("Certificates to trust (PEM)").fill(readFileSync(site.tenant.caFile, "utf8"));
  await look(v, "account-new-credential");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Holdfast could not sign in").waitFor();
  await look(v, "account-new-refused");
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByLabel(/^Client secret/).fill(site.tenant.secret);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Mail.ReadWrite is granted.").waitFor();
  await look(v, "account-new-test");
  await page.getByRole("button", { name: "Add the account" }).click();
  await page.getByRole("heading", { name: "Contoso" }).waitFor();
});

test("mailboxes are listed, found and told apart", async () => {
  const { page } = v;
  await page.getByText("5 mailboxes", { exact: true }).waitFor();
  await page.getByRole("row", { name: /Spare 1/ }).waitFor();
  await look(v, "account");
  await page.getByLabel("Find a mailbox").fill("spare 2");
  await page.getByText("1 mailbox", { exact: true }).waitFor();
  await expect.poll(() => page.getByRole("row", { name: /In no job/ }).count()).toBe(1);
  await page.getByLabel("Find a mailbox").fill("nobody is called so");
  await page.getByText("No mailbox is like that.").waitFor();
});

test("a credential is changed only for one that works", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Name").fill("Contoso Ltd");
  await page.getByLabel(/^Client secret/).fill("not the secret");
  await page.getByRole("button", { name: "Test and save" }).click();
  await page.getByText("The account was not saved").waitFor();
  await look(v, "account-edit");
  await page.getByLabel(/^Client secret/).fill("");
  await page.getByRole("button", { name: "Test and save" }).click();
  await page.getByRole("heading", { name: "Contoso Ltd" }).waitFor();
});
