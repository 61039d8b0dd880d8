import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "activities", lazy: async () => ({ Component: (await import("./ActivitiesPage")).ActivitiesPage }) },
  { path: "activities/:id", lazy: async () => ({ Component: (await import("./ActivityPage")).ActivityPage }) },
];
