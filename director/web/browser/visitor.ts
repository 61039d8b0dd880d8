import { mkdirSync, readFileSync } from "node:fs";
import { chromium, type BrowserContext, type Locator, type Page } from "playwright-core";
import { expect, inject } from "vitest";
import { rig, type Rigged } from "./rig";
import { screens, type Site } from "./site";

export const newPassword = "a password for the tests";

/** Limits are there to end a hang: a busy machine may take long, and loses nothing by it. In milliseconds. */
export const patience = 120_000;

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** TRACE=1 keeps what Playwright records of a test that fails; it slows the tests down. */
const tracing = process.env["TRACE"] === "1";

/** Somebody at a browser. What the console says wrong is kept, and fails the test that asks for it. */
export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Errors of the console and of scripts, and refusals of the content policy, since the last look. */
  complaints: string[];
  close: () => Promise<void>;
}

/** Those who are at a browser now; whoever reports a failure asks them what they see. */
export const visitors = new Set<Visitor>();

/** Opens a window of the browser that all tests share, with cookies and storage of its own. */
export async function visit(site: Site, o: { width?: number; height?: number } = {}): Promise<Visitor> {
  const browser = await chromium.connect(inject("browser"));
  const context = await browser.newContext({
    baseURL: site.director, ignoreHTTPSErrors: true, locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce",
    viewport: { width: o.width ?? 1440, height: o.height ?? 900 },
  });
  if (tracing) await context.tracing.start({ screenshots: true, snapshots: true });
  await context.addInitScript(rig);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const v: Visitor = {
    context, page, complaints: [],
    close: async () => {
      visitors.delete(v);
      await browser.close();
    },
  };
  page.on("console", (m) => {
    // The browser itself reports answers that the page expects and shows: nobody signed in, a Director that is down. And that
    // what the tests keep in a page is refused where the text of a message is shown, as every script is.
    const expected = /Failed to load resource|^Blocked script execution in '[^']*\/preview\?/;
    if (m.type() === "error" && !expected.test(m.text())) v.complaints.push(m.text());
  });
  page.on("pageerror", (e) => v.complaints.push(String(e)));
  visitors.add(v);
  return v;
}

/** Keeps what was recorded of a visitor, if anything was. */
export async function keepTrace(v: Visitor, path: string): Promise<void> {
  if (tracing) await v.context.tracing.stop({ path });
}

/** Goes on to a step of a wizard, and waits until it is there: a second click would be one of the step before. */
export async function next(v: Visitor, step: string): Promise<void> {
  await v.page.getByRole("button", { name: "Next", exact: true }).click();
  await v.page.getByRole("group", { name: step, exact: true }).waitFor();
}

/** Waits until the query string of the address is so. */
export async function query(v: Visitor, want: string): Promise<void> {
  await v.page.waitForURL((url) => url.searchParams.toString() === want);
}

/** Has messages of what was done stay at the foot of the page until the next look. */
export async function holdMessages(v: Visitor): Promise<void> {
  await v.page.evaluate(() => { (window as unknown as Rigged).test.hold = true; });
}

/**
 * The message of what was done, or of what failed, with that title. While a dialog is open, what is around it is hidden from
 * assistive technology (messages are read aloud all the same), so it is looked for as it is seen.
 */
export function message(v: Pick<Visitor, "page">, title: string | RegExp): Locator {
  return v.page.locator('[role="listitem"]').filter({ has: v.page.locator('[id^="toast-title"]', { hasText: title }) });
}

/** Signs in; at the first time sets the administrator's own password. */
export async function signIn(v: Visitor, site: Site, user = "admin", password?: string): Promise<void> {
  if (password === undefined) return firstSignIn(v, user, site.password);
  await v.page.goto("/");
  await enter(v, user, password);
  await v.page.getByRole("navigation", { name: "Holdfast" }).waitFor();
}

/** Signs in with a one-time password, and sets one's own. */
export async function firstSignIn(v: Visitor, user: string, oneTime: string, own = newPassword): Promise<void> {
  await v.page.goto("/");
  await enter(v, user, oneTime);
  await v.page.getByLabel("New password", { exact: true }).fill(own);
  await v.page.getByLabel("New password, again").fill(own);
  await v.page.getByRole("button", { name: "Set the password" }).click();
  await v.page.getByRole("navigation", { name: "Holdfast" }).waitFor();
}

/** Fills the form that asks who it is. */
export async function enter(v: Visitor, user: string, password: string): Promise<void> {
  await v.page.getByLabel("User").fill(user);
  await v.page.getByLabel("Password", { exact: true }).fill(password);
  await v.page.getByRole("button", { name: "Sign in" }).click();
}

/** Fails when the console complained, and forgets what it said. */
export function expectQuiet(v: Visitor): void {
  const said = v.complaints.splice(0);
  expect(said).toEqual([]);
}

/**
 * Looks at what is on the screen: pictures at both widths, light and dark, into build/screens; no serious finding of axe
 * in any of them; nothing wider than the window; a quiet console.
 *
 * What is on a page depends on the width and not on the scheme, which changes the values of colours alone: so all of axe's
 * rules are asked of both widths, and of the dark ones again only those about colours.
 */
export async function look(v: Visitor, name: string): Promise<void> {
  mkdirSync(screens, { recursive: true });
  const size = v.page.viewportSize() ?? { width: 1440, height: 900 };
  const findings: string[] = [];
  for (const [scheme, width] of [["light", 1440], ["light", 900], ["dark", 900], ["dark", 1440]] as const) {
    await v.page.emulateMedia({ colorScheme: scheme });
    await v.page.setViewportSize({ width, height: 900 });
    await settled(v.page, scheme);
    await v.page.screenshot({ path: `${screens}/${name}-${width}-${scheme}.png` });
    const over = await v.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) findings.push(`${width} ${scheme}: the page is ${over} px wider than the window`);
    findings.push(...(await serious(v.page, scheme === "dark")).map((f) => `${width} ${scheme}: ${f}`));
  }
  await v.page.emulateMedia({ colorScheme: "light" });
  await v.page.setViewportSize(size);
  await settled(v.page, "light");
  expect(findings, name).toEqual([]);
  expectQuiet(v);
}

/**
 * Waits until the page has come to rest: everything that it asked for has come, what follows from it and from the size of
 * the window is drawn in the scheme, nothing moves, and no message of what was done covers a part of it.
 */
export async function settled(page: Page, scheme: "light" | "dark"): Promise<void> {
  await page.waitForFunction((want) => getComputedStyle(document.documentElement).colorScheme === want, scheme);
  const end = Date.now() + patience;
  for (let quiet = 0; quiet < 2; quiet++) {
    const restless = await page.evaluate(unrest);
    if (restless.length === 0) continue;
    if (Date.now() > end) throw new Error(`the page does not come to rest: ${restless.join("; ")}`);
    quiet = -1;
  }
}

/** Runs in the page: draws what there is to draw, has messages go, and tells what is not at rest yet. */
async function unrest(): Promise<string[]> {
  const { test } = window as unknown as Rigged;
  test.hold = false;
  const before = test.changes;
  const frame = () => new Promise<void>((done) => requestAnimationFrame(() => {
    // A task after the frame: what the frame had the page do, as that of observers of sizes, has been put in the queue before it.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(undefined);
  }));
  await frame();
  await frame();
  const messages = [...document.querySelectorAll<HTMLElement>('[role="listitem"] [aria-label="Dismiss"]')];
  messages.forEach((m) => m.click());
  const moving = messages.length > 0 ? [] : document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity && a.playState === "running");
  await Promise.all(moving.map((a) => a.finished.catch(() => undefined)));
  const loading = [...document.querySelectorAll('[role="progressbar"]:not([aria-valuenow])')];
  return [
    ...(test.changes === before ? [] : ["is changing"]),
    ...test.asked.map((path) => `waits for ${path}`),
    ...messages.map((m) => `shows a message: ${m.parentElement?.textContent}`),
    ...moving.map((a) => `moves: ${(a.effect as KeyframeEffect).target?.outerHTML.slice(0, 200)}`),
    ...loading.map((e) => `loads: ${e.outerHTML.slice(0, 200)}`),
  ];
}

interface Finding {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds of weight; of colours alone, or of everything. */
async function serious(page: Page, colours: boolean): Promise<string[]> {
  // The page's policy lets in no foreign script element; the debugger's evaluate is not bound by it.
  await page.evaluate(axe);
  const found = await page.evaluate(async (only) => {
    const result = await (window as unknown as { axe: { run: (d: object, o: object) => Promise<{ violations: unknown[] }> } }).axe.run(
      // Fluent's focus trap has sentinels at its ends, which hand the focus on at once.
      { exclude: ["[data-tabster-dummy]"] }, { resultTypes: ["violations"], ...only },
    );
    return result.violations;
  }, colours ? { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } } : {});
  return (found as Finding[])
    .filter((f) => f.impact === "serious" || f.impact === "critical")
    .flatMap((f) => f.nodes.map((n) => `${f.id}: ${f.help}: ${n.html.slice(0, 200)} (${n.failureSummary.replaceAll(/\s+/g, " ").slice(0, 300)})`));
}

/** Follows a link of the menu. */
export async function menu(v: Visitor, name: string): Promise<void> {
  await v.page.getByRole("navigation", { name: "Holdfast" }).getByRole("link", { name }).click();
}
