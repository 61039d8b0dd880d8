import { afterAll, beforeAll, expect, test } from "vitest";
import { startSite, type Site } from "./site";
import { enter, expectQuiet, firstSignIn, holdMessages, look, menu, message, query, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;
let anna: Visitor;
let oneTime = "";

beforeAll(async () => {
  site = await startSite({ mailboxes: 1, messages: 2 });
  v = await visit(site);
  anna = await visit(site);
  await v.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(v, site);
});
afterAll(async () => {
  await anna?.close();
  await v?.close();
  await site?.stop();
});

test("a user is created, with a one-time password that is shown once", async () => {
  const { page } = v;
  await menu(v, "Users");
  await page.getByRole("row", { name: /admin/ }).waitFor();
  await look(v, "settings-users");
  await page.getByRole("button", { name: "Create a user" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel(/^Name/).fill("ADMIN");
  await dialog.getByRole("button", { name: "Create the user" }).click();
  await dialog.getByText("There is a user \"admin\" already").waitFor();
  await look(v, "settings-user-refused");
  await dialog.getByLabel(/^Name/).fill("anna");
  await dialog.getByRole("radio", { name: /^Operator/ }).click();
  await dialog.getByRole("button", { name: "Create the user" }).click();
  const shown = dialog.getByLabel("One-time password", { exact: true });
  await shown.waitFor();
  oneTime = await shown.inputValue();
  expect(oneTime.length).toBeGreaterThan(8);
  await holdMessages(v);
  await dialog.getByRole("button", { name: "Copy" }).click();
  await message(v, "One-time password copied").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(oneTime);
  await look(v, "settings-user-created");
  await dialog.getByRole("button", { name: "Done" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("row", { name: /anna.*Operator.*One-time password.*never/ }).waitFor();
  expect(await page.content()).not.toContain(oneTime);
});

test("the new user sets a password of their own, and sees what an operator may", async () => {
  await firstSignIn(anna, "anna", oneTime, "the own password of anna");
  const nav = anna.page.getByRole("navigation", { name: "Holdfast" });
  await nav.getByRole("link", { name: "Recovery" }).waitFor();
  expect(await nav.getByRole("link", { name: "Users" }).count()).toBe(0);
  expect(await nav.getByRole("link", { name: "E-mail and reports" }).count()).toBe(0);
  await anna.page.goto("/settings/users");
  await anna.page.getByRole("main").getByText("Your role does not permit this").waitFor();
  expectQuiet(anna);
});

test("the last administrator is left as they are, and the buttons say why", async () => {
  const { page } = v;
  await page.getByRole("row", { name: /admin/ }).click();
  await page.getByRole("heading", { name: "admin", level: 1 }).waitFor();
  for (const name of ["Change the role", "Disable", "Delete"]) {
    const button = page.getByRole("button", { name, exact: true });
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    await button.focus();
    await page.getByRole("tooltip", { name: /admin is the last administrator/ }).waitFor();
  }
  await look(v, "settings-user-last");
});

test("a session of another is ended, and that browser asks to sign in", async () => {
  const { page } = v;
  // A page that asks for nothing by itself.
  await menu(anna, "Certificates");
  await anna.page.getByRole("row", { name: /These pages/ }).waitFor();
  await menu(v, "Users");
  await page.getByRole("row", { name: /anna/ }).click();
  await page.getByRole("grid", { name: "Sessions" }).getByText("Chrome on Linux").waitFor();
  await look(v, "settings-user");
  await page.getByRole("button", { name: "End it" }).click();
  await page.getByText("Nobody is signed in.").waitFor();
  await menu(anna, "Jobs");
  const door = anna.page.getByRole("alertdialog");
  await door.getByText("Your session has ended").waitFor();
  await door.getByLabel("Password", { exact: true }).fill("the own password of anna");
  await door.getByRole("button", { name: "Sign in" }).click();
  await door.waitFor({ state: "detached" });
});

test("another role applies at once: an auditor sees no Recovery", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Change the role" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByRole("radio", { name: /^Auditor/ }).click();
  await look(v, "settings-user-role");
  await dialog.getByRole("button", { name: "Change the role" }).click();
  await page.getByRole("main").getByText("Auditor").first().waitFor();
  await anna.page.reload();
  const nav = anna.page.getByRole("navigation", { name: "Holdfast" });
  await nav.getByRole("link", { name: "Audit log" }).waitFor();
  expect(await nav.getByRole("link", { name: "Recovery" }).count()).toBe(0);
});

test("an API token of one's own is shown once, works, and is revoked", async () => {
  const { page } = anna;
  await page.goto("/me");
  await page.getByRole("grid", { name: "Sessions" }).getByText("This one").waitFor();
  await page.getByText("There are none.").waitFor();
  await page.getByRole("button", { name: "Create a token" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel(/^Name/).fill("Nightly report");
  expect(await dialog.getByRole("radio", { name: /^Operator/ }).count()).toBe(0);
  await dialog.getByRole("combobox", { name: "Good for" }).click();
  await page.getByRole("option", { name: "Until a day" }).click();
  await dialog.getByLabel("Last day").fill("2020-01-01");
  await look(anna, "me-token");
  expect(await dialog.getByRole("button", { name: "Create the token" }).getAttribute("aria-disabled")).toBe("true");
  await dialog.getByLabel("Last day").fill("2099-12-31");
  await dialog.getByRole("button", { name: "Create the token" }).click();
  const token = await dialog.getByLabel("API token", { exact: true }).inputValue();
  await look(anna, "me-token-made");
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row", { name: /Nightly report.*Auditor.*2099/ }).waitFor();
  expect(await whoAmI(token)).toBe(200);
  await look(anna, "me-sessions");
  await page.getByRole("button", { name: "Revoke Nightly report" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke the token" }).click();
  await page.getByText("There are none.").waitFor();
  expect(await whoAmI(token)).toBe(401);
});

test("signing out everywhere leads to the door", async () => {
  const { page } = anna;
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  const dialog = page.getByRole("alertdialog");
  await look(anna, "me-sign-out-everywhere");
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("heading", { name: "Holdfast", level: 1 }).waitFor();
});

test("a password is reset, a user disabled, enabled and deleted", async () => {
  const { page } = v;
  const dialog = page.getByRole("alertdialog");
  await page.getByRole("button", { name: "Reset the password" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Reset the password" }).click();
  await look(v, "settings-user-reset");
  await dialog.getByRole("button", { name: "Reset the password" }).click();
  const next = await dialog.getByLabel("One-time password", { exact: true }).inputValue();
  expect(next).not.toBe(oneTime);
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await look(v, "settings-user-disable");
  await dialog.getByRole("button", { name: "Disable the user" }).click();
  await page.getByRole("main").getByText("Disabled", { exact: true }).waitFor();
  await enter(anna, "anna", next);
  await anna.page.getByText("You were not signed in").waitFor();
  await page.getByRole("button", { name: "Enable", exact: true }).click();
  await dialog.getByRole("button", { name: "Enable the user" }).click();
  await page.getByRole("button", { name: "Disable", exact: true }).waitFor();
  await firstSignIn(anna, "anna", next, "another own password of anna");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await look(v, "settings-user-delete");
  await dialog.getByRole("button", { name: "Delete the user" }).click();
  await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
  await page.getByRole("row", { name: /anna/ }).waitFor({ state: "detached" });
});

test("the audit log shows what was done, filtered by the address, and is downloaded", async () => {
  const { page } = v;
  await menu(v, "Audit log");
  const log = page.getByRole("grid", { name: "Audit log" });
  await log.getByRole("row", { name: /admin.*Delete user.*user anna.*Done/ }).waitFor();
  await log.getByRole("row", { name: /anna.*Create an API token.*Nightly report/ }).waitFor();
  await look(v, "settings-audit");
  await page.getByRole("switch", { name: "Only what did not succeed" }).click();
  await page.getByLabel("User", { exact: true }).fill("anna");
  await log.getByRole("row", { name: /anna.*List users.*Denied/ }).waitFor();
  await log.getByRole("row", { name: /Delete user/ }).waitFor({ state: "detached" });
  await query(v, "failed=true&user=anna");
  await look(v, "settings-audit-filtered");
  await page.goto("/settings/audit?area=UserService&user=admin");
  await log.getByRole("row", { name: /Create user.*user anna/ }).click();
  await page.getByRole("dialog").getByText("UserService/CreateUser").waitFor();
  await look(v, "settings-audit-entry");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download what is filtered" }).click()]);
  const lines = await text(file);
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.map((l) => JSON.parse(l) as { user: string; area: string })).toSatisfy((all: { user: string; area: string }[]) => all.every((e) => e.user === "admin" && e.area === "UserService"));
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("button", { name: "Download all" }).waitFor();
  await page.goto("/settings/audit?user=nobody-of-this-name");
  await log.getByText("Nothing of that kind was done.").waitFor();
});

/** How the Director answers a program with that token. */
async function whoAmI(token: string): Promise<number> {
  const answer = await v.context.request.post("/holdfast.director.v1.SystemService/WhoAmI", { headers: { Authorization: `Bearer ${token}` }, data: {} });
  return answer.status();
}

async function text(file: { createReadStream: () => Promise<NodeJS.ReadableStream> }): Promise<string[]> {
  let all = "";
  for await (const part of await file.createReadStream()) all += part.toString();
  return all.trim().split("\n");
}
