import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "accounts", lazy: async () => ({ Component: (await import("./AccountsPage")).AccountsPage }) },
  { path: "accounts/new/:step?", lazy: async () => ({ Component: (await import("./AddAccount")).AddAccount }) },
  { path: "accounts/:id", lazy: async () => ({ Component: (await import("./AccountPage")).AccountPage }) },
  { path: "accounts/:id/edit", lazy: async () => ({ Component: (await import("./EditAccount")).EditAccount }) },
];
