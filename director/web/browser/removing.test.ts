import { afterAll, beforeAll, expect, test } from "vitest";
import type { Rigged } from "./rig";
import { startSite, type Site } from "./site";
import { look, signIn, visit, type Visitor } from "./visitor";

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

const dialog = () => v.page.getByRole("alertdialog");

/** Opens the page of one of a list. */
async function open(path: string, name: string) {
  await v.page.goto(path);
  await v.page.getByRole("row", { name: new RegExp(`^(Select )?${name}`) }).first().click();
  await v.page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** Removes what the page is about; the way from it leads to the list, and shows nothing in between. */
async function remove(name: string, button: string, list: string) {
  const before = await v.page.evaluate(() => (window as unknown as Rigged).test.headings.length);
  await dialog().getByRole("button", { name: button }).click();
  await v.page.getByRole("heading", { name: list, level: 1 }).waitFor();
  await v.page.getByRole("row", { name: new RegExp(name) }).waitFor({ state: "detached" });
  expect(await v.page.evaluate((n) => (window as unknown as Rigged).test.headings.slice(n), before)).toEqual([list]);
}

test("a job is deleted on its page, and its backups stay", async () => {
  await v.page.goto("/jobs");
  await v.page.getByRole("link", { name: "All mail", exact: true }).click();
  await v.page.getByRole("heading", { name: "All mail", level: 1 }).waitFor();
  await v.page.getByRole("button", { name: "More for All mail" }).click();
  await v.page.getByRole("menuitem", { name: "Delete…" }).click();
  await remove("All mail", "Delete the job", "Jobs");
});

test("a Transporter that has repositories says so, and stays", async () => {
  await open("/transporters", "Vault room");
  await v.page.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog().getByRole("button", { name: "Remove the Transporter" }).click();
  await dialog().getByText("That could not be done").waitFor();
  await look(v, "transporter-remove-refused");
  await dialog().getByRole("button", { name: "Cancel" }).click();
});

test("repositories are forgotten, and their folders stay", async () => {
  for (const name of ["Main vault", "Second vault"]) {
    await open("/repositories", name);
    await v.page.getByRole("button", { name: "More", exact: true }).click();
    await v.page.getByRole("menuitem", { name: "Remove" }).click();
    await remove(name, "Remove it and keep the folder", "Repositories");
  }
});

test("Transporters and accounts are removed", async () => {
  await open("/transporters", "Vault room");
  await v.page.getByRole("button", { name: "Remove", exact: true }).click();
  await remove("Vault room", "Remove the Transporter", "Transporters");
  await open("/accounts", "Contoso");
  await v.page.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog().getByLabel("Type “Contoso” to go on").fill("Contoso");
  await look(v, "account-remove");
  await remove("Contoso", "Remove the account", "Inventory");
});
