import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "jobs", lazy: async () => ({ Component: (await import("./JobsPage")).JobsPage }) },
  { path: "jobs/new/:step?", lazy: async () => ({ Component: (await import("./NewJob")).NewJob }) },
  { path: "jobs/:id/edit/:step?", lazy: async () => ({ Component: (await import("./EditJob")).EditJob }) },
  { path: "jobs/:id", lazy: async () => ({ Component: (await import("./JobPage")).JobPage }) },
  { path: "runs/:id", lazy: async () => ({ Component: (await import("./RunPage")).RunPage }) },
  { path: "runs/:id/:task", lazy: async () => ({ Component: (await import("./TaskPage")).TaskPage }) },
];
