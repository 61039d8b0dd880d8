import { mkdirSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { root, screens } from "./site";
import { keepTrace, visitors, type Visitor } from "./visitor";

// The tests of a file are the steps of one visit. After one that failed, those that build on it would only fail too, each
// after its own long wait, and hide which one it was.
let failed: string | undefined;

beforeEach((context) => {
  if (failed) context.skip(`the step before failed: ${failed}`);
});

afterEach(async ({ task }) => {
  if (failed || task.result?.state !== "fail") return;
  failed = task.name;
  mkdirSync(screens, { recursive: true });
  const name = `failed ${task.file.name.split("/").at(-1)?.replace(".test.ts", "")} ${task.name}`.replaceAll(/[^\w]+/g, "-").slice(0, 120);
  for (const [i, v] of [...visitors].entries()) await keep(v, `${screens}/${name}${i ? `-${i + 1}` : ""}`);
});

/** Keeps what a visitor sees: a picture, and in words what assistive technology is told of the page. */
async function keep(v: Visitor, path: string) {
  const { page } = v;
  await page.screenshot({ path: `${path}.png`, timeout: 30_000 }).catch((e: unknown) => console.error(String(e)));
  const words = await page.locator("body").ariaSnapshot({ timeout: 30_000 }).catch(String);
  writeFileSync(`${path}.txt`, [page.url(), ...v.complaints, "", words, ""].join("\n"));
  console.error(`what was on the screen: ${relative(root, path)}.png, in words ${relative(root, path)}.txt`);
  await keepTrace(v, `${path}.zip`);
}
