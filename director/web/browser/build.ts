import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { root, screens } from "./site";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the browser is that all tests share. */
    browser: string;
  }
}

/**
 * Builds the program that runs sites, and starts the browser: Chromium is Debian's package, or the one named by CHROMIUM. The
 * product's own programs are those of `make build`.
 */
export default async function setup(project: TestProject) {
  execFileSync("go", ["build", "-o", "build/bin/", "./test/browser"], { cwd: root, stdio: "inherit" });
  // Pictures of failures are those of this run.
  if (existsSync(screens)) for (const name of readdirSync(screens)) if (name.startsWith("failed-")) rmSync(`${screens}/${name}`);
  const browser = await chromium.launchServer({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    timeout: 300_000,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  project.provide("browser", browser.wsEndpoint());
  return () => browser.close();
}
