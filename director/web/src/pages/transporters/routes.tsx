import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "transporters", lazy: async () => ({ Component: (await import("./TransportersPage")).TransportersPage }) },
  { path: "transporters/new", lazy: async () => ({ Component: (await import("./PairTransporter")).PairTransporter }) },
  { path: "transporters/:id", lazy: async () => ({ Component: (await import("./TransporterPage")).TransporterPage }) },
];
