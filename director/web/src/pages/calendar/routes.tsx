import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "calendar", lazy: async () => ({ Component: (await import("./CalendarPage")).CalendarPage }) },
];
