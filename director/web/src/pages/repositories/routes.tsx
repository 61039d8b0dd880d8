import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "repositories", lazy: async () => ({ Component: (await import("./RepositoriesPage")).RepositoriesPage }) },
  { path: "repositories/new/:step?", lazy: async () => ({ Component: (await import("./CreateRepository")).CreateRepository }) },
  { path: "repositories/attach", lazy: async () => ({ Component: (await import("./AttachFolder")).AttachFolder }) },
  { path: "repositories/:id", lazy: async () => ({ Component: (await import("./RepositoryPage")).RepositoryPage }) },
];
