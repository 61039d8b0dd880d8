import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "./mail";
import { startSite, type Site } from "./site";
import { look, menu, newPassword, signIn, visit, type Visitor } from "./visitor";

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

test("the dashboard tells what is protected, and what is to be looked at", async () => {
  const { page } = v;
  await page.getByText("of 4 mailboxes protected").waitFor();
  await page.getByRole("heading", { name: "To look at" }).waitFor();
  await page.getByText(/It runs only when|has no schedule/).first().waitFor();
  await look(v, "dashboard");
});

test("a button beside a problem leads to what mends it", async () => {
  const { page } = v;
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.waitForURL("**/settings/self-backup");
  await page.goBack();
  await page.getByRole("heading", { name: "To look at" }).waitFor();
});

test("the mailboxes behind a number are listed", async () => {
  const { page } = v;
  await page.goto("/mailboxes/unprotected");
  await page.getByText("There is none. That is good.").waitFor();
  await look(v, "mailboxes-unprotected");
});

test("the calendar shows what was done, in the week that its address names", async () => {
  const { page } = v;
  await menu(v, "Calendar");
  await page.getByRole("link", { name: "All mail" }).first().waitFor();
  const now = await thisWeek();
  await expect.poll(() => page.getByText("Succeeded").count()).toBe(now);
  await look(v, "calendar");
  await page.getByRole("button", { name: "The week before" }).click();
  await page.waitForURL(/week=\d{4}-\d{2}-\d{2}/);
  await expect.poll(() => page.getByText("Succeeded").count()).toBe(2 - now);
  await page.getByRole("button", { name: "This week" }).click();
  await expect.poll(() => page.getByText("Succeeded").count()).toBe(now);
});

/** How many of the runs were in the week of now: fewer than both when a week began after one. */
async function thisWeek(): Promise<number> {
  const { activities } = await api<{ activities: { kind: string; started: string }[] }>(v, "ActivityService/ListActivities", {});
  const at = (when: Date) => new Date(when.toLocaleString("sv-SE", { timeZone: "Europe/Berlin" }).replace(" ", "T") + "Z");
  const monday = at(new Date());
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  monday.setUTCHours(0, 0, 0, 0);
  return activities.filter((a) => a.kind === "ACTIVITY_KIND_RUN" && at(new Date(a.started)) >= monday).length;
}

test("the first page loads less than 400 kB", async () => {
  const fresh = await visit(site);
  try {
    let loaded = 0;
    const sizes: Promise<void>[] = [];
    fresh.page.on("requestfinished", (r) => {
      if (new URL(r.url()).pathname.startsWith("/assets/")) sizes.push(r.sizes().then((s) => void (loaded += s.responseBodySize)));
    });
    await signIn(fresh, site, "admin", newPassword);
    await fresh.page.getByRole("heading", { name: "To look at" }).waitFor();
    await Promise.all(sizes);
    expect(loaded).toBeGreaterThan(50_000);
    expect(loaded).toBeLessThan(400_000);
  } finally {
    await fresh.close();
  }
});
