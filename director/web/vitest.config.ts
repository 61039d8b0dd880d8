import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    // Tests beside the code run anywhere; those in browser/ click through a real site.
    projects: [
      { extends: true, test: { name: "code", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "browser", include: ["browser/**/*.test.ts"], globalSetup: ["browser/build.ts"], setupFiles: ["browser/failure.ts"],
          maxWorkers: 2, bail: 0,
          // Limits end a hang, and nothing else: a busy machine may take its time.
          testTimeout: 900_000, hookTimeout: 900_000, teardownTimeout: 120_000, expect: { poll: { timeout: 120_000, interval: 50 } },
        },
      },
    ],
  },
});
