import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "", lazy: async () => ({ Component: (await import("./DashboardPage")).DashboardPage }) },
  { path: "mailboxes/:trouble", lazy: async () => ({ Component: (await import("./TroubledMailboxes")).TroubledMailboxes }) },
];
