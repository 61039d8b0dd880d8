import { afterAll, beforeAll, expect, test } from "vitest";
import { startSite, type Site } from "./site";
import { expectQuiet, look, newPassword, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ mailboxes: 1, messages: 2 });
  v = await visit(site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("a wrong password is refused in words", async () => {
  await v.page.goto("/me");
  await look(v, "sign-in");
  await v.page.getByLabel("User").fill("admin");
  await v.page.getByLabel("Password", { exact: true }).fill("not the password");
  await v.page.getByRole("button", { name: "Sign in" }).click();
  await v.page.getByText("User name or password is wrong").waitFor();
  expectQuiet(v);
});

test("the one-time password is good for setting one's own, and the page asked for opens", async () => {
  await v.page.getByLabel("Password", { exact: true }).fill(site.password);
  await v.page.getByRole("button", { name: "Sign in" }).click();
  await v.page.getByRole("heading", { name: "Set your own password" }).waitFor();
  await look(v, "first-password");
  // It was entered a moment ago, and is not asked for again.
  await expect.poll(() => v.page.getByLabel("One-time password").inputValue()).toBe(site.password);
  await v.page.getByLabel("New password", { exact: true }).fill("short");
  await v.page.getByRole("button", { name: "Set the password" }).click();
  await v.page.getByText("At least 12 characters").waitFor();
  await v.page.getByLabel("New password", { exact: true }).fill(newPassword);
  await v.page.getByLabel("New password, again").fill(newPassword);
  await v.page.getByRole("button", { name: "Set the password" }).click();
  await v.page.getByRole("heading", { name: "Password and sessions" }).waitFor();
  await look(v, "me");
});

test("the session's cookie is out of reach of scripts", async () => {
  const cookies = await v.context.cookies();
  expect(cookies).toMatchObject([{ name: "__Host-holdfast", httpOnly: true, secure: true, sameSite: "Strict", path: "/" }]);
  expect(await v.page.evaluate(() => document.cookie)).toBe("");
});

test("losing the Director shows, and mends itself", async () => {
  await v.page.goto("/me");
  await v.page.getByRole("heading", { name: "Password and sessions" }).waitFor();
  await site.ask("director down");
  await v.page.getByLabel("Current password").fill(newPassword);
  await v.page.getByLabel("New password", { exact: true }).fill(newPassword);
  await v.page.getByLabel("New password, again").fill(newPassword);
  await v.page.getByRole("button", { name: "Change the password" }).click();
  await v.page.getByText("What you see may be out of date").waitFor();
  await look(v, "director-lost");
  // It is asked for after waits of 1 s to 5 s: with those during the look, three times in vain are ten seconds and more.
  for (let vain = 0; vain < 3; vain++) await v.page.waitForEvent("requestfailed", (r) => r.url().endsWith("/readyz"));
  await v.page.getByText("What you see may be out of date").waitFor();
  await site.ask("director up");
  await v.page.getByText("What you see may be out of date").waitFor({ state: "detached" });
  // What was entered is still there, and is answered now.
  await v.page.getByRole("button", { name: "Change the password" }).click();
  await v.page.getByText("The new password is the old one.").waitFor();
  v.complaints.splice(0);
});

test("a page that is opened while the Director is away is there once it is back", async () => {
  await site.ask("director down");
  await v.page.reload().catch(() => undefined);
  await v.page.waitForURL("chrome-error://**"); // else it comes in between what follows
  await site.ask("director up");
  await v.page.goto("/me");
  await v.page.getByRole("heading", { name: "Password and sessions" }).waitFor();
});

test("an expired session asks again over the same page", async () => {
  await v.page.goto("/me");
  await v.page.getByLabel("Current password").fill(newPassword);
  await v.page.getByLabel("New password", { exact: true }).fill("another password of the tests");
  await v.page.getByLabel("New password, again").fill("another password of the tests");
  await v.context.clearCookies();
  // Not by its button: the list of sessions, which is read again now and then, may find out first.
  await v.page.getByLabel("New password, again").press("Enter");
  const dialog = v.page.getByRole("alertdialog");
  await dialog.getByText("Your session has ended").waitFor();
  await dialog.getByLabel("Password", { exact: true }).fill(newPassword);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await v.page.getByLabel("Current password").inputValue()).toBe(newPassword);
  expectQuiet(v);
});

test("signing out leads to the door", async () => {
  await signOut();
  await v.page.getByRole("button", { name: "Sign in" }).waitFor();
  await signIn(v, site, "admin", newPassword);
});

async function signOut() {
  await v.page.getByRole("button", { name: "admin" }).click();
  await v.page.getByRole("menuitem", { name: "Sign out" }).click();
}
