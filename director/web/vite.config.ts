import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The Director that `make ui-dev` talks to: the one of a running demo, unless told otherwise.
const director = process.env["HOLDFAST_DIRECTOR"] ?? "https://127.0.0.1:4443";

/** The paths that the Director itself answers. */
const api = ["/holdfast.director.v1.", "/download/", "/preview"];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      api.map((path) => [path, { target: director, secure: false, changeOrigin: true }]),
    ),
    https: process.env["HOLDFAST_DEV_KEY"]
      ? {
          key: readFileSync(process.env["HOLDFAST_DEV_KEY"]),
          cert: readFileSync(process.env["HOLDFAST_DEV_CERT"] ?? ""),
        }
      : undefined,
  },
});
