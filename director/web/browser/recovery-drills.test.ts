import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "./mail";
import { startSite, type Site } from "./site";
import { firstSignIn, look, signIn, visit, type Visitor } from "./visitor";

let site: Site;
let v: Visitor;

beforeAll(async () => {
  site = await startSite({ prepared: true });
  v = await visit(site);
  await signIn(v, site);
});
afterAll(async () => {
  await v?.close();
  await site?.stop();
});

test("a drill is set up, says what is missing, and is run", async () => {
  await v.page.goto("/recovery");
  await v.page.getByRole("button", { name: "Recovery drills" }).click();
  await v.page.getByText("No drill yet").waitFor();
  await look(v, "recovery-drills-none");
  await v.page.getByRole("button", { name: "Set up a drill" }).click();
  await v.page.getByText("Give the drill a name.").waitFor();
  await v.page.getByRole("textbox", { name: /^Name/ }).fill("Every week");
  await v.page.getByRole("combobox", { name: "Backups of the job" }).click();
  await v.page.getByRole("option", { name: "All mail" }).click();
  await v.page.getByRole("combobox", { name: "Account of the test mailbox" }).click();
  await v.page.getByRole("option", { name: "Contoso" }).click();
  await v.page.getByRole("searchbox", { name: "Search test mailboxes" }).fill("Spare 2");
  await v.page.getByRole("row", { name: /Spare 1/ }).waitFor({ state: "detached" });
  await v.page.getByRole("row", { name: /Spare 2/ }).click();
  await v.page.getByRole("combobox", { name: "Starts" }).click();
  await v.page.getByRole("option", { name: "Every week" }).click();
  await look(v, "recovery-drills-form");
  await v.page.getByRole("button", { name: "Set up", exact: true }).click();
  await v.page.getByRole("grid", { name: "Recovery drills" }).getByText("Every week").waitFor();
  await look(v, "recovery-drills");
  const { drills } = await api<{ drills: { schedules: { weekly: { days: number[]; start: string }; zone: string }[] }[] }>(v, "DrillService/ListDrills", {});
  expect(drills[0]?.schedules).toMatchObject([{ weekly: { days: [0], start: "03:00" }, zone: "Europe/Berlin" }]);
  await v.page.getByRole("button", { name: "Actions for Every week" }).click();
  await v.page.getByRole("menuitem", { name: "Run now" }).click();
  await v.page.getByText("Came back the same").waitFor();
  await v.page.getByText("Succeeded").first().waitFor();
  await look(v, "activities-drill");
});

test("an auditor sees what is done, and no mail", async () => {
  const { oneTimePassword } = await api<{ oneTimePassword: string }>(v, "UserService/CreateUser", { name: "auditor", role: "ROLE_AUDITOR" });
  const other = await visit(site);
  try {
    await firstSignIn(other, "auditor", oneTimePassword);
    expect(await other.page.getByRole("link", { name: "Recovery" }).count()).toBe(0);
    await other.page.goto("/recovery/new/backup");
    await other.page.getByText("Recovery is for operators").waitFor();
    await look(other, "recovery-auditor");
    await other.page.goto("/activities");
    await other.page.getByRole("row", { name: /All mail/ }).first().waitFor();
  } finally {
    await other.close();
  }
});
