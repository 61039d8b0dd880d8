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
  await v.page.getByText("Without one it is done only when told to.").waitFor();
  await v.page.getByRole("button", { name: "Add a schedule" }).click();
  await v.page.getByRole("button", { name: "Add another schedule" }).click();
  const second = v.page.getByRole("group", { name: "Schedule 2" });
  await second.getByRole("button", { name: "Sunday" }).click();
  await v.page.getByText("Schedule 2: choose at least one day of the week.").waitFor();
  await second.getByRole("combobox", { name: "Starts" }).click();
  expect(await v.page.getByRole("option").allTextContents()).toEqual(["Daily or weekly", "Monthly or yearly", "Again and again"]);
  await v.page.getByRole("option", { name: "Monthly or yearly" }).click();
  await second.getByRole("radio", { name: "A weekday of it" }).click();
  expect(await second.getByText("Stop it at").count()).toBe(0);
  await look(v, "recovery-drills-form");
  await v.page.getByRole("button", { name: "Set up", exact: true }).click();
  await v.page.getByRole("grid", { name: "Recovery drills" }).getByText("Every week").waitFor();
  await look(v, "recovery-drills");
  const { drills } = await api<{ drills: { schedules: object[] }[] }>(v, "DrillService/ListDrills", {});
  expect(drills[0]?.schedules).toMatchObject([
    { weekly: { days: [0], start: "03:00" }, zone: "Europe/Berlin" }, { monthly: { ordinal: 1, weekday: 6, start: "22:00" }, zone: "Europe/Berlin" },
  ]);
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
