import { afterAll, beforeAll, expect, test } from "vitest";
import { addMail, api, loseMail, people, runJob, truth, type Mail } from "./mail";
import { startSite, type Site } from "./site";
import { holdMessages, look, message as told, next, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;
let user: { id: string; displayName: string; mail: string };

const report: Mail = {
  Folder: ["inbox"], Subject: "Quarterly lighthouse report", BodyHTML: true,
  Body: `<p>The <b>lamp</b> of the zanzibar light was replaced.</p><script>document.title = "taken over"; fetch("/taken-over")</script>
    <img src="https://tracker.invalid/pixel.png" width="1" height="1"><img src="x" onerror="document.title='taken over'">`,
  From: { Name: "Keeper of the Light", Address: "keeper@lights.example" }, To: [{ Name: "", Address: "office@contoso.example" }],
  Received: "2026-10-05T08:00:00Z", Sent: "2026-10-05T07:59:00Z", MessageID: "<lighthouse-1@lights.example>",
};

/** A picture of one pixel. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

beforeAll(async () => {
  site = await startSite({ prepared: true });
  v = await visit(site);
  await signIn(v, site);
  const [first] = await people(site);
  if (!first) throw new Error("the tenant has no people");
  user = first;
  await addMail(site, user.id, [report]);
  await runJob(v, "All mail");
  await loseMail(site, user.id, [report.MessageID]);
  await runJob(v, "All mail");
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("the area begins with a search over everything", async () => {
  await v.page.goto("/recovery");
  await v.page.getByRole("searchbox", { name: "Search all mail" }).waitFor();
  await look(v, "recovery-start");
});

test("a word of the text finds a message that is gone, and shows it without running or loading anything", async () => {
  const asked: string[] = [];
  v.page.on("request", (r) => asked.push(r.url()));
  await v.page.getByRole("searchbox", { name: "Search all mail" }).fill("zanziba");
  await v.page.getByText("1 message found").waitFor();
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByText("Keeper of the Light").click();
  const message = v.page.getByRole("region", { name: "Message" });
  await message.getByRole("heading", { name: "Quarterly lighthouse report" }).waitFor();
  const text = message.frameLocator('iframe[title="Text of the message"]');
  await text.getByText("The lamp of the zanzibar light was replaced.").waitFor();
  expect(await text.locator("script, img[src], [onerror]").count()).toBe(0);
  await message.getByText("Images on other servers are not loaded").waitFor();
  await expect.poll(() => v.page.title()).toBe("Recovery · Holdfast");
  expect(asked.filter((url) => !url.startsWith(site.director))).toEqual([]);
  expect(asked.filter((url) => url.includes("taken-over"))).toEqual([]);
  await look(v, "recovery-search");
  // Only now, and only because it was asked for.
  await v.page.route("https://tracker.invalid/**", (r) => r.fulfill({ contentType: "image/png", body: Buffer.from(dot, "base64") }));
  const loaded = v.page.waitForRequest("https://tracker.invalid/pixel.png");
  await message.getByRole("button", { name: "Load images" }).click();
  expect((await loaded).headers()["referer"]).toBeUndefined();
  await (await loaded).response();
});

test("from the search it is back in the mailbox with three clicks", async () => {
  expect((await truth(site, user.id)).filter((m) => m.subject === report.Subject)).toEqual([]);
  await v.page.getByRole("region", { name: "Message" }).getByRole("button", { name: "Recover", exact: true }).click();
  await v.page.getByRole("radio", { name: /To the original location/ }).waitFor();
  await look(v, "recovery-options");
  await next(v, "Plan and finish");
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).waitFor();
  await look(v, "recovery-plan");
  await v.page.getByRole("button", { name: "Recover", exact: true }).click();
  await v.page.getByRole("heading", { name: /Recover into/ }).waitFor();
  await v.page.getByText("Succeeded").waitFor();
  const back = (await truth(site, user.id)).filter((m) => m.subject === report.Subject);
  expect(back.map((m) => m.path)).toEqual(["Inbox"]);
  await look(v, "activities-recovery");
});

test("an undo counts first and takes it back", async () => {
  await v.page.getByRole("button", { name: "Undo" }).click();
  await v.page.getByRole("button", { name: "Count first" }).click();
  await v.page.getByText("Messages to remove").waitFor();
  await look(v, "activities-undo");
  await v.page.getByRole("button", { name: "Undo the recovery" }).click();
  await v.page.getByText("Messages removed").waitFor();
  await v.page.getByText("Succeeded").waitFor();
  expect((await truth(site, user.id)).filter((m) => m.subject === report.Subject)).toEqual([]);
});

test("the wizard leads from a backup to mail in another mailbox", async () => {
  await v.page.goto("/recovery");
  await v.page.getByText("Recovered lately").waitFor();
  await look(v, "recovery-start-used");
  await v.page.getByRole("button", { name: "Choose a backup" }).click();
  await v.page.getByRole("row", { name: new RegExp(user.displayName) }).click();
  await v.page.getByText("4 recovery points").waitFor();
  await look(v, "recovery-backup");
  // The newest has the message no more; the one before has it.
  await v.page.getByRole("grid", { name: "Recovery points" }).getByRole("row").nth(2).click();
  await next(v, "Recovery account");
  await v.page.getByRole("radio", { name: /Contoso/ }).waitFor();
  await look(v, "recovery-account");
  await next(v, "Objects");
  await v.page.getByRole("treeitem", { name: /^Inbox/ }).click();
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByRole("checkbox").click();
  await v.page.getByText("Chosen: 1 message", { exact: true }).waitFor();
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByText("Keeper of the Light").click();
  await v.page.getByRole("region", { name: "Message" }).getByText("keeper@lights.example").first().waitFor();
  await look(v, "recovery-objects");

  // What is chosen survives searching, and folders join messages.
  await v.page.getByRole("searchbox", { name: "Search mail" }).fill("lighthouse zanzibar");
  await v.page.getByText("1 message found").waitFor();
  await expect.poll(() => v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByRole("checkbox").isChecked()).toBe(true);
  await v.page.getByRole("treeitem", { name: /^Sent Items/ }).press(" ");
  await v.page.getByText("Chosen: 1 folder and 1 message").waitFor();
  await v.page.getByRole("button", { name: "Show the list" }).click();
  await v.page.getByRole("grid", { name: "What is chosen" }).getByText("Sent Items").waitFor();
  await look(v, "recovery-list");
  await v.page.getByRole("button", { name: "Take out Sent Items" }).click();
  await v.page.getByText("Chosen: 1 message", { exact: true }).waitFor();
  await v.page.getByRole("button", { name: "Hide the list" }).click();
  await v.page.reload();
  await v.page.getByText("Chosen: 1 message", { exact: true }).waitFor();

  await next(v, "Options");
  await v.page.getByRole("radio", { name: /To another mailbox/ }).click();
  await v.page.getByRole("searchbox", { name: "Search mailboxes to recover to" }).fill("Spare 1");
  await v.page.getByRole("row", { name: /Spare 2/ }).waitFor({ state: "detached" });
  await v.page.getByRole("row", { name: /Spare 1/ }).click();
  await v.page.getByText("To another mailbox: Spare 1").waitFor();
  await v.page.getByRole("radio", { name: "Under a new folder at the top" }).click();
  await v.page.getByLabel("Name of the folder").fill("From the backup");
  await look(v, "recovery-target");
  await next(v, "Plan and finish");
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).waitFor();
  await v.page.getByRole("tab", { name: "Folders" }).click();
  await v.page.getByRole("grid", { name: "Folders of the plan" }).getByText("From the backup").first().waitFor();
  await v.page.getByRole("button", { name: "Recover", exact: true }).click();
  await v.page.getByText("Succeeded").waitFor();
  const { mailboxes } = await api<{ mailboxes: { id: string; name: string }[] }>(v, "AccountService/ListMailboxes", { accountId: await accountId(), search: "Spare 1" });
  const spare = mailboxes[0]?.id ?? "";
  expect((await truth(site, spare)).map((m) => [m.path.replaceAll("\x1f", "/"), m.subject])).toEqual([["From the backup/Inbox", report.Subject]]);
});

test("from a mailbox, the wizard opens at its points", async () => {
  const { backups } = await api<{ backups: { accountId: string; mailboxId: string; mailboxName: string }[] }>(v, "RepositoryService/ListBackups", { search: user.displayName });
  const b = backups[0];
  await v.page.goto(`/recovery?account=${b?.accountId}&mailbox=${b?.mailboxId}`);
  await v.page.getByText(`${user.displayName}: 4 recovery points`).waitFor();
  await v.page.getByText(`Chosen: ${user.displayName}`).waitFor();
  await expect.poll(() => v.page.getByRole("grid", { name: "Backups" }).getByRole("row").count()).toBe(2);
  await v.page.getByRole("button", { name: "All mailboxes" }).click();
  await v.page.getByRole("row", { name: /Spare 1/ }).waitFor();
});

async function accountId(): Promise<string> {
  const { accounts } = await api<{ accounts: { id: string }[] }>(v, "AccountService/ListAccounts", {});
  return accounts[0]?.id ?? "";
}

test("a message of another point is found in all points of the mailbox and recovered from there", async () => {
  await v.page.goto("/recovery");
  await v.page.getByRole("button", { name: "Choose a backup" }).click();
  await v.page.getByRole("row", { name: new RegExp(user.displayName) }).click();
  await v.page.getByText("4 recovery points").waitFor();
  await next(v, "Recovery account");
  await next(v, "Objects");
  await v.page.getByRole("searchbox", { name: "Search mail" }).fill("zanzibar");
  await v.page.getByText("Nothing found").waitFor();
  await v.page.getByRole("radio", { name: "In all points of the mailbox" }).click();
  await v.page.getByText("1 message found").waitFor();
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByRole("checkbox").click();
  await v.page.getByText("Chosen: 1 message", { exact: true }).waitFor();
  await look(v, "recovery-all-points");
});

test("a download that cannot be made says why", async () => {
  await v.page.getByRole("row", { name: /Quarterly lighthouse report/ }).getByText("Keeper of the Light").click();
  await v.page.route("**/download/**", (r) => r.fulfill({ status: 409, contentType: "application/json", body: JSON.stringify({ code: "failed_precondition", message: "repository Main vault is detached; attach it first" }) }));
  await holdMessages(v);
  await v.page.getByRole("button", { name: "Download (.eml)" }).click();
  await told(v, "The message was not downloaded").getByText("Repository Main vault is detached; attach it first.").waitFor();
  await v.page.unroute("**/download/**");
});

test("a message and a point are exported", async () => {
  const file = v.page.waitForEvent("download");
  await v.page.getByRole("button", { name: "Download", exact: true }).click();
  await v.page.getByRole("menuitem", { name: /Messages as files/ }).click();
  expect((await file).suggestedFilename()).toMatch(/\.zip$/);
  const single = v.page.waitForEvent("download");
  await v.page.getByRole("button", { name: "Download (.eml)" }).click();
  expect((await single).suggestedFilename()).toMatch(/\.eml$/);
});

test("the audit log tells who looked into the mailbox, by a part of its name", async () => {
  await v.page.goto("/settings/audit");
  await v.page.getByRole("search").getByLabel("Done to").fill(user.displayName.slice(1));
  const log = v.page.getByRole("grid", { name: "Audit log" });
  await log.getByRole("row", { name: new RegExp(`admin.*Read a message.*mailbox ${user.displayName}, account Contoso`) }).first().waitFor();
  await log.getByRole("row", { name: new RegExp(`admin.*Download a message.*mailbox ${user.displayName}`) }).first().waitFor();
  await log.getByRole("row", { name: new RegExp(`admin.*Start recovery \\(plan only\\).*mailbox ${user.displayName}`) }).first().waitFor();
  await log.getByRole("row", { name: new RegExp(`admin.*Start recovery mailbox ${user.displayName}`) }).first().waitFor();
  await log.getByRole("row", { name: /Sign in/ }).waitFor({ state: "detached" });
  await look(v, "audit-mailbox");
});
