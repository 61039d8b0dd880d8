import { afterAll, beforeAll, expect, test } from "vitest";
import { addMail, people, type Mail } from "./mail";
import { startSite, type Site } from "./site";
import { tenant } from "./tenant";
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

const plan: Mail = {
  Folder: ["inbox"], Subject: "Plan of the harbour", Body: "It is attached.", From: { Name: "Harbour office", Address: "office@harbour.example" },
  To: [{ Name: "", Address: "it@contoso.example" }], Received: "2026-10-05T08:00:00Z", Sent: "2026-10-05T07:59:00Z", MessageID: "<plan-1@harbour.example>",
  Attachments: [{ Name: "plan.pdf", ContentType: "application/pdf", Content: Buffer.from("no plan at all").toString("base64") }],
};

test("a message of which a part could not be kept is told with its run, its mailbox and why", async () => {
  const [user] = await people(site);
  await addMail(site, user?.id ?? "", [plan]);
  await tenant(site, "POST", "faults", { kind: "attachments.*", status: 400, code: "ErrorItemCorrupt" });
  await v.page.goto("/jobs");
  await v.page.getByRole("link", { name: "All mail", exact: true }).click();
  await v.page.getByRole("button", { name: "Run", exact: true }).click();
  await v.page.getByText(/1 incomplete/).waitFor();
  await v.page.getByRole("button", { name: "Run all again" }).waitFor();
  await look(v, "jobs-run-incomplete");
  await v.page.getByRole("grid", { name: "Mailboxes" }).getByRole("row", { name: new RegExp(user?.displayName ?? "") }).click();
  await v.page.getByText("Plan of the harbour").first().waitFor();
  await look(v, "jobs-task-losses");
  await tenant(site, "DELETE", "faults");
});

test("once it can be read, the next run keeps it, and nothing is missing", async () => {
  await v.page.goBack();
  await v.page.getByRole("button", { name: "Run all again" }).click();
  await v.page.getByText("4 successful").waitFor();
  expect(await v.page.getByText(/incomplete/).count()).toBe(0);
});

// The last one: a Transporter remembers for how long Microsoft does not want to be asked.
test("a run that Microsoft holds up says so, and for how many mailboxes", async () => {
  await tenant(site, "POST", "faults", { kind: "messages.*", status: 429, retryAfter: "600" });
  await v.page.getByRole("button", { name: "Run all again" }).click();
  await v.page.getByText("Some mailboxes wait.").waitFor();
  await v.page.getByRole("listitem").filter({ hasText: /mailbox(es)?: .*Microsoft/ }).waitFor();
  await look(v, "jobs-run-waits");
  await tenant(site, "DELETE", "faults");
  await v.page.getByRole("button", { name: "Stop", exact: true }).click();
  await v.page.getByRole("alertdialog").getByLabel(/^Now/).click();
  await v.page.getByRole("alertdialog").getByRole("button", { name: "Stop the run" }).click();
  await v.page.getByText("Stopped", { exact: true }).first().waitFor();
});
