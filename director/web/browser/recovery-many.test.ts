import { afterAll, beforeAll, expect, test } from "vitest";
import { addMail, api, loseMail, loseUser, people, runJob, truth, type Mail } from "./mail";
import { startSite, type Site } from "./site";
import { look, next, signIn, visit, type Visitor } from "./visitor";

const many = 5000;

let site: Site;
let v: Visitor;
let users: { id: string; displayName: string; mail: string }[];

function numbered(n: number): Mail {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString();
  return {
    Folder: ["Archive of orders"], Subject: `Order ${String(n).padStart(4, "0")}`, Body: `The order number ${n}.`,
    From: { Name: `Customer ${n % 100}`, Address: `customer${n % 100}@shop.example` }, To: [{ Name: "", Address: "orders@contoso.example" }],
    Received: at, Sent: at, MessageID: `<order-${n}@shop.example>`,
  };
}

beforeAll(async () => {
  site = await startSite({ prepared: true, mailboxes: 2 });
  v = await visit(site);
  await signIn(v, site);
  users = await people(site);
  await addMail(site, users[0]?.id ?? "", Array.from({ length: many }, (_, n) => numbered(n)));
  await runJob(v, "All mail");
  await loseMail(site, users[0]?.id ?? "", ["<order-7@shop.example>", "<order-8@shop.example>"]);
  await runJob(v, "All mail");
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

async function openMailbox(name: string) {
  await v.page.goto("/recovery");
  await v.page.getByRole("button", { name: "Choose a backup" }).click();
  await v.page.getByRole("row", { name: new RegExp(name) }).click();
  await v.page.getByText("4 recovery points").waitFor();
}

test(`a folder of ${many} messages is scrolled, sorted and filtered smoothly`, async () => {
  await openMailbox(users[0]?.displayName ?? "");
  await next(v, "Recovery account");
  await next(v, "Objects");
  await v.page.getByRole("treeitem", { name: /^Archive of orders/ }).click();
  const grid = v.page.getByRole("grid", { name: "Contents of Archive of orders" });
  await grid.getByRole("row", { name: /Order 4999/ }).waitFor();
  // No more than what is on the screen exists, wherever one is.
  await expect.poll(() => grid.getByRole("row").count()).toBeLessThan(60);
  await grid.getByRole("row", { name: /Order 4999/ }).focus();
  await v.page.keyboard.press("End");
  await grid.getByRole("row", { name: /Order 0000/ }).waitFor();
  await expect.poll(() => grid.getByRole("row").count()).toBeLessThan(60);
  await v.page.keyboard.press("Home");
  await grid.getByRole("row", { name: /Order 4999/ }).waitFor();
  await grid.hover();
  await v.page.mouse.wheel(0, 60_000);
  await grid.getByRole("row", { name: /Order 36\d\d/ }).first().waitFor();
  await grid.getByRole("button", { name: "Subject" }).click();
  await grid.evaluate((e) => e.scrollTo(0, 0));
  await grid.getByRole("row", { name: /Order 0000/ }).waitFor();
  await look(v, "recovery-5000");
});

test("the selection outlives scrolling; a click with Shift takes all between", async () => {
  const grid = v.page.getByRole("grid", { name: "Contents of Archive of orders" });
  await grid.getByRole("checkbox", { name: "Select Order 0000" }).click();
  await grid.getByRole("checkbox", { name: "Select Order 0004" }).click({ modifiers: ["Shift"] });
  await v.page.getByText("Chosen: 5 messages").waitFor();
  await grid.getByRole("row", { name: /Order 0004/ }).focus();
  await v.page.keyboard.press("End");
  await grid.getByRole("checkbox", { name: "Select Order 4999" }).click();
  await v.page.getByText("Chosen: 6 messages").waitFor();
  await v.page.getByRole("button", { name: "Clear", exact: true }).click();
  await v.page.getByText("Nothing is chosen yet").waitFor();
});

test("two points are compared, and what is gone since is brought back", async () => {
  await openMailbox(users[0]?.displayName ?? "");
  await v.page.getByRole("grid", { name: "Recovery points" }).getByRole("checkbox").nth(1).click();
  await v.page.getByRole("button", { name: "Compare" }).click();
  await v.page.getByRole("button", { name: "Leave" }).click();
  await v.page.getByRole("tab", { name: "Gone (2)" }).click();
  const grid = v.page.getByRole("grid", { name: "Differences" });
  await grid.getByRole("row", { name: /Order 0007/ }).waitFor();
  await look(v, "recovery-compare");
  await grid.getByRole("checkbox", { name: "Select Order 0007" }).click();
  await grid.getByRole("row", { name: /Order 0007/ }).getByText("Customer 7").click();
  const message = v.page.getByRole("region", { name: "Message" });
  await message.getByRole("button", { name: "History" }).click();
  await v.page.getByRole("dialog").getByText("Gone from the mailbox").waitFor();
  await look(v, "recovery-history");
  await v.page.getByRole("button", { name: "Recover what is chosen" }).click();
  await v.page.getByRole("group", { name: "Options" }).waitFor();
  await next(v, "Plan and finish");
  await v.page.getByRole("row", { name: /Order 0007/ }).waitFor();
  await v.page.getByRole("button", { name: "Recover", exact: true }).click();
  await v.page.getByText("Succeeded").waitFor();
  const back = (await truth(site, users[0]?.id ?? "")).filter((m) => m.subject === "Order 0007" || m.subject === "Order 0008");
  expect(back.map((m) => m.subject)).toEqual(["Order 0007"]);
});

test("several mailboxes are recovered whole into one, each under a folder of its name", async () => {
  await v.page.goto("/recovery/new/backup");
  for (const u of users) await v.page.getByRole("checkbox", { name: `Select ${u.displayName}` }).click();
  await look(v, "recovery-several");
  await v.page.getByRole("button", { name: "Take their newest points" }).click();
  await v.page.getByText("Chosen: 2 recovery points").waitFor();
  await next(v, "Recovery account");
  await next(v, "Objects");
  await v.page.getByText("2 whole mailboxes").waitFor();
  await look(v, "recovery-several-objects");
  await next(v, "Options");
  await v.page.getByRole("radio", { name: /To another mailbox/ }).click();
  await v.page.getByRole("searchbox", { name: "Search mailboxes to recover to" }).fill("Spare 2");
  await v.page.getByRole("row", { name: /Spare 1/ }).waitFor({ state: "detached" });
  await v.page.getByRole("row", { name: /Spare 2/ }).click();
  await v.page.getByRole("checkbox", { name: "A folder for each mailbox, of its name" }).click();
  await next(v, "Plan and finish");
  await v.page.getByText("Choose a mailbox to see its messages.").waitFor();
  await look(v, "recovery-several-plan");
  const { activities } = await api<{ activities: { tasks: number; planOnly: boolean }[] }>(v, "ActivityService/ListActivities", { limit: 1 });
  expect(activities[0]).toMatchObject({ tasks: 2, planOnly: true });
});

test("a mailbox that is gone is recovered to another one, and the page says why", async () => {
  await loseUser(site, v, users[1]?.id ?? "");
  await openMailbox(users[1]?.displayName ?? "");
  await next(v, "Recovery account");
  await next(v, "Objects");
  await v.page.getByRole("button", { name: "Choose the whole mailbox" }).click();
  await v.page.getByText("Chosen: the whole mailbox").waitFor();
  await next(v, "Options");
  await v.page.getByText("The mailbox is gone from the tenant.").waitFor();
  await expect.poll(() => v.page.getByRole("radio", { name: /To the original location/ }).isDisabled()).toBe(true);
  await expect.poll(() => v.page.getByRole("radio", { name: /To another mailbox/ }).isChecked()).toBe(true);
  await look(v, "recovery-gone");
  // Without a mailbox chosen there is no way on.
  expect(await v.page.getByRole("button", { name: "Next" }).getAttribute("aria-disabled")).toBe("true");
});
