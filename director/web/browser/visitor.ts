import { mkdirSync, readFileSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect } from "vitest";
import { root, type Site } from "./site";

export const newPassword = "a password for the tests";

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const screens = `${root}/build/screens`;

/** Somebody at a browser. What the console says wrong is kept, and fails the test that asks for it. */
export interface Visitor {
  browser: Browser;
  context: BrowserContext;
  page: Page;
  /** Errors of the console and of scripts, and refusals of the content policy, since the last look. */
  complaints: string[];
  close: () => Promise<void>;
}

/** Opens a browser. Chromium is Debian's package, or the one named by CHROMIUM. */
export async function visit(site: Site, o: { width?: number; height?: number } = {}): Promise<Visitor> {
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  const context = await browser.newContext({
    baseURL: site.director, ignoreHTTPSErrors: true, locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce",
    viewport: { width: o.width ?? 1440, height: o.height ?? 900 },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("console", (m) => {
    // The browser itself reports answers that the page expects and shows: nobody signed in, a Director that is down.
    if (m.type() === "error" && !/Failed to load resource/.test(m.text())) complaints.push(m.text());
  });
  page.on("pageerror", (e) => complaints.push(String(e)));
  return { browser, context, page, complaints, close: () => browser.close() };
}

/** Signs in; at the first time sets the administrator's own password. */
export async function signIn(v: Visitor, site: Site, user = "admin", password?: string): Promise<void> {
  await v.page.goto("/");
  await v.page.getByLabel("User").fill(user);
  await v.page.getByLabel("Password", { exact: true }).fill(password ?? site.password);
  await v.page.getByRole("button", { name: "Sign in" }).click();
  if (password !== undefined) {
    await v.page.getByRole("navigation", { name: "Holdfast" }).waitFor();
    return;
  }
  await v.page.getByLabel("One-time password").fill(site.password);
  await v.page.getByLabel("New password", { exact: true }).fill(newPassword);
  await v.page.getByLabel("New password, again").fill(newPassword);
  await v.page.getByRole("button", { name: "Set the password" }).click();
  await v.page.getByRole("navigation", { name: "Holdfast" }).waitFor();
}

/** Fails when the console complained, and forgets what it said. */
export function expectQuiet(v: Visitor): void {
  const said = v.complaints.splice(0);
  expect(said).toEqual([]);
}

/**
 * Looks at what is on the screen: pictures at both widths, light and dark, into build/screens; no serious finding of axe
 * in any of them; nothing wider than the window; a quiet console.
 */
export async function look(v: Visitor, name: string): Promise<void> {
  mkdirSync(screens, { recursive: true });
  const size = v.page.viewportSize() ?? { width: 1440, height: 900 };
  const findings: string[] = [];
  for (const scheme of ["light", "dark"] as const) {
    await v.page.emulateMedia({ colorScheme: scheme });
    for (const width of [1440, 900]) {
      await v.page.setViewportSize({ width, height: 900 });
      await settled(v.page);
      await v.page.screenshot({ path: `${screens}/${name}-${width}-${scheme}.png` });
      const over = await v.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) findings.push(`${width} ${scheme}: the page is ${over} px wider than the window`);
      findings.push(...(await serious(v.page)).map((f) => `${width} ${scheme}: ${f}`));
    }
  }
  await v.page.emulateMedia({ colorScheme: "light" });
  await v.page.setViewportSize(size);
  expect(findings, name).toEqual([]);
  expectQuiet(v);
}

/** Waits until nothing on the page is loading or moving. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[role="progressbar"]:not([aria-valuenow])') === null);
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

interface Finding {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

async function serious(page: Page): Promise<string[]> {
  // The page's policy lets in no foreign script element; the debugger's evaluate is not bound by it.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await (window as unknown as { axe: { run: (d: object, o: object) => Promise<{ violations: unknown[] }> } }).axe.run(
      // Fluent's focus trap has sentinels at its ends, which hand the focus on at once.
      { exclude: ["[data-tabster-dummy]"] }, { resultTypes: ["violations"] },
    );
    return result.violations;
  });
  return (found as Finding[])
    .filter((f) => f.impact === "serious" || f.impact === "critical")
    .flatMap((f) => f.nodes.map((n) => `${f.id}: ${f.help}: ${n.html.slice(0, 200)} (${n.failureSummary.replaceAll(/\s+/g, " ").slice(0, 300)})`));
}

/** Follows a link of the menu. */
export async function menu(v: Visitor, name: string): Promise<void> {
  await v.page.getByRole("navigation", { name: "Holdfast" }).getByRole("link", { name }).click();
}
