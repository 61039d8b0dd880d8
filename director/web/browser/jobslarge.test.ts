import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSite, type Site } from "./site";
import { expectQuiet, signIn, visit, type Visitor } from "./visitor";

/** A tenant as large as the list of mailboxes is promised to bear. */
const mailboxes = 50_000;

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ mailboxes: 1, messages: 1, empty: mailboxes });
  v = await visit(site);
  await signIn(v, site);
  const [first] = site.pairing;
  await call("TransporterService/PairTransporter", { name: "Office", address: first?.address, pairingCode: first?.code });
  await call("AccountService/AddAccount", {
    account: {
      name: "Contoso", tenantId: site.tenant.id, clientId: site.tenant.clientId, cloud: "CLOUD_CUSTOM", authority: site.tenant.root, graphRoot: site.tenant.root,
      caPem: readFileSync(site.tenant.caFile).toString("base64"),
    },
    credential: { clientSecret: site.tenant.secret },
  });
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

/** Calls the API as the page does. */
async function call(method: string, body: unknown) {
  const failed = await v.page.evaluate(
    async ([path, json]) => {
      const answer = await fetch(`/holdfast.director.v1.${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: json });
      return answer.ok ? "" : await answer.text();
    },
    [method, JSON.stringify(body)] as const,
  );
  if (failed) throw new Error(`${method}: ${failed}`);
}

const tree = () => v.page.getByRole("tree", { name: "Accounts and mailboxes" });
const leaf = (name: RegExp) => tree().getByRole("treeitem", { name });

test("50,000 mailboxes are listed, walked and searched, and only those on the screen exist", async () => {
  await v.page.goto("/jobs/new/source");
  await expect.poll(async () => {
    await call("AccountService/RefreshAccount", { accountId: await account() }).catch(() => undefined);
    return count();
  }, { timeout: 600_000, interval: 2_000 }).toBe(String(mailboxes + 1));
  await v.page.goto("/jobs/new/source");
  await leaf(/^Spare 1 /).waitFor();
  await tree().focus();
  await tree().press("End");
  await tree().press("ArrowUp");
  await expect.poll(() => tree().getByRole("treeitem").count()).toBeLessThan(80);
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("spare 4999");
  await leaf(/^Spare 49990 /).waitFor();
  await v.page.getByRole("button", { name: "Choose all 11 found" }).click();
  await v.page.getByRole("tab", { name: "Order (11)" }).waitFor();
  await v.page.getByRole("searchbox", { name: "Search mailboxes" }).fill("");
  await tree().focus();
  await tree().press("Home");
  await leaf(/^Contoso/).click();
  await v.page.getByRole("tab", { name: "Order (12)" }).waitFor();
  expectQuiet(v);
});

async function list(): Promise<{ id: string; mailboxes?: string } | undefined> {
  return v.page.evaluate(async () => {
    const answer = await fetch("/holdfast.director.v1.AccountService/ListAccounts", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    return ((await answer.json()) as { accounts?: { id: string; mailboxes?: string }[] }).accounts?.[0];
  });
}

async function account(): Promise<string> {
  return (await list())?.id ?? "";
}

async function count(): Promise<string> {
  return (await list())?.mailboxes ?? "0";
}
