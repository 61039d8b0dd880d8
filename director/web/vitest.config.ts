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
          name: "browser", include: ["browser/**/*.test.ts"], fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000,
          globalSetup: ["browser/build.ts"], bail: 0,
        },
      },
    ],
  },
});
