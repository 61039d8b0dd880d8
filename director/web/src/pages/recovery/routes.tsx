import { Navigate, type RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "recovery", lazy: async () => ({ Component: (await import("./StartPage")).StartPage }) },
  { path: "recovery/new", element: <Navigate to="/recovery/new/backup" replace /> },
  { path: "recovery/new/:step", lazy: async () => ({ Component: (await import("./RecoveryWizard")).RecoveryWizard }) },
  { path: "recovery/compare", lazy: async () => ({ Component: (await import("./ComparePage")).ComparePage }) },
  { path: "recovery/drills", lazy: async () => ({ Component: (await import("./drills/DrillsPage")).DrillsPage }) },
];
