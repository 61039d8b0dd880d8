import type { RouteObject } from "react-router";

export const routes: RouteObject[] = [
  { path: "settings/users", lazy: async () => ({ Component: (await import("./UsersPage")).UsersPage }) },
  { path: "settings/users/:name", lazy: async () => ({ Component: (await import("./UserPage")).UserPage }) },
  { path: "settings/audit", lazy: async () => ({ Component: (await import("./AuditPage")).AuditPage }) },
  { path: "settings/mail", lazy: async () => ({ Component: (await import("./MailPage")).MailPage }) },
  { path: "settings/certificates", lazy: async () => ({ Component: (await import("./CertificatesPage")).CertificatesPage }) },
  { path: "settings/self-backup", lazy: async () => ({ Component: (await import("./SelfBackupPage")).SelfBackupPage }) },
  { path: "settings/support", lazy: async () => ({ Component: (await import("./SupportPage")).SupportPage }) },
];
