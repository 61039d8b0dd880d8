import type { AuditEntry, AuditObject } from "@/gen/holdfast/director/v1/auth_pb";
import { capital } from "@/parts/format";

const areas: Record<string, string> = {
  SystemService: "Signing in, own password and tokens", UserService: "Users and sessions", AuditService: "Audit log", AccountService: "Accounts",
  TransporterService: "Transporters", RepositoryService: "Repositories", SearchService: "Search", BrowseService: "Comparing and history of messages",
  MessageService: "Messages", JobService: "Jobs", RecoveryService: "Recoveries", DrillService: "Recovery drills", OverviewService: "Dashboard",
  MaintenanceService: "Self-backup and history", ActivityService: "Activities", NotificationService: "E-mail and webhooks", Download: "Downloads and previews",
};

const methods: Record<string, string> = {
  "SystemService/SignIn": "Sign in", "SystemService/SignOut": "Sign out", "SystemService/SetPassword": "Change own password", "SystemService/CreateToken": "Create an API token",
  "UserService/UpdateUser": "Change role or state", "UserService/ResetUserPassword": "Reset a password", "UserService/SignOutEverywhere": "Sign out everywhere",
  "RepositoryService/SetRepositoryCodec": "Change compression", "RepositoryService/ListFolders": "Look at folders", "RepositoryService/ListMessages": "Look at messages",
  "BrowseService/DiffPoints": "Compare recovery points", "BrowseService/GetMessageHistory": "Look at the history of a message", "MessageService/GetMessage": "Read a message",
  "RecoveryService/ListPlan": "Look at a recovery’s plan", "JobService/SetJobsEnabled": "Enable or disable jobs", "MaintenanceService/SetDirectorBackup": "Change self-backup",
  "MaintenanceService/StartDirectorBackup": "Back up the Director", "MaintenanceService/SetHistory": "Change how long history is kept", "SearchService/Search": "Search mail",
  "NotificationService/UpdateNotificationSettings": "Change e-mail and webhooks",
  "/preview": "Preview a message", "/download/message": "Download a message", "/download/attachment": "Download an attachment", "/download/export": "Export mail",
  "/download/audit": "Download the audit log", "/download/support-bundle": "Download a support bundle",
};

/** What a service is called in the menu of areas; its own name for one that came later. */
export function areaName(area: string): string {
  return areas[area] ?? spoken(area.replace(/Service$/, ""));
}

/** What was done, in words. */
export function methodName(method: string): string {
  return methods[method] ?? spoken(method.slice(method.lastIndexOf("/") + 1));
}

/** What an entry says was done: of a recovery or an undo, whether it was only planned. */
export function whatName(e: AuditEntry): string {
  return e.planOnly ? `${methodName(e.method)} (plan only)` : methodName(e.method);
}

/** Turns a name of the API into words ("DeleteJob": "Delete job"). */
function spoken(name: string): string {
  return capital(name.replaceAll("-", " ").replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase());
}

/** Who did it, with the token where a program did. */
export function whoName(e: AuditEntry): string {
  if (!e.user) return "Nobody signed in";
  return e.tokenName ? `${e.user} (token ${e.tokenName})` : e.user;
}

export function objectName(o: AuditObject): string {
  return `${o.kind} ${o.name || o.id}`;
}

/** What it was about, each once: what is made is noted without its id, and with it. */
export function objectList(e: AuditEntry): string[] {
  return [...new Set(e.objects.filter((o) => o.name || o.id).map(objectName))];
}

/** The same in a line. */
export function objectNames(e: AuditEntry): string {
  const names = objectList(e);
  if (e.moreObjects > 0) names.push(`${e.moreObjects} more`);
  return names.join(", ");
}

/** How it ended. */
export function resultName(e: AuditEntry): string {
  if (e.fault === "unauthorized") return "Refused";
  return e.fault ? e.fault.charAt(0).toUpperCase() + e.fault.slice(1) : "Done";
}
