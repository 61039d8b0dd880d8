import type { ReactElement } from "react";
import {
  ArchiveRegular, ArrowCounterclockwiseRegular, CalendarRegular, CertificateRegular, HomeRegular, MailRegular, PeopleRegular, PulseRegular,
  ServerRegular, ClipboardTaskListLtrRegular, BuildingRegular, SaveRegular, PersonSupportRegular, HistoryRegular,
} from "@fluentui/react-icons";
import type { RouteObject } from "react-router";
import { Role } from "@/session/me";
import { routes as activities } from "@/pages/activities/routes";
import { routes as calendar } from "@/pages/calendar/routes";
import { routes as dashboard } from "@/pages/dashboard/routes";
import { routes as inventory } from "@/pages/inventory/routes";
import { routes as jobs } from "@/pages/jobs/routes";
import { routes as recovery } from "@/pages/recovery/routes";
import { routes as repositories } from "@/pages/repositories/routes";
import { routes as settings } from "@/pages/settings/routes";
import { routes as transporters } from "@/pages/transporters/routes";

/** A place in the menu. */
export interface Area {
  path: string;
  /** Other addresses that belong to it. */
  also?: string;
  title: string;
  icon: ReactElement;
  group?: string;
  /** The least role that sees it. */
  role?: Role;
}

const all: Area[] = [
  { path: "/", also: "/mailboxes", title: "Dashboard", icon: <HomeRegular /> },
  { path: "/jobs", also: "/runs", title: "Jobs", icon: <ClipboardTaskListLtrRegular /> },
  { path: "/recovery", title: "Recovery", icon: <ArrowCounterclockwiseRegular />, role: Role.OPERATOR },
  { path: "/activities", title: "Activities", icon: <PulseRegular /> },
  { path: "/calendar", title: "Calendar", icon: <CalendarRegular /> },
  { path: "/accounts", title: "Inventory", icon: <BuildingRegular />, group: "Settings" },
  { path: "/transporters", title: "Transporters", icon: <ServerRegular />, group: "Settings" },
  { path: "/repositories", title: "Repositories", icon: <ArchiveRegular />, group: "Settings" },
  { path: "/settings/users", title: "Users", icon: <PeopleRegular />, group: "Settings", role: Role.ADMINISTRATOR },
  { path: "/settings/mail", title: "E-mail and reports", icon: <MailRegular />, group: "Settings", role: Role.ADMINISTRATOR },
  { path: "/settings/certificates", title: "Certificates", icon: <CertificateRegular />, group: "Settings" },
  { path: "/settings/self-backup", title: "Self-backup", icon: <SaveRegular />, group: "Settings" },
  { path: "/settings/audit", title: "Audit log", icon: <HistoryRegular />, group: "Settings" },
  { path: "/settings/support", title: "Support", icon: <PersonSupportRegular />, group: "Settings", role: Role.ADMINISTRATOR },
];

/** The routes of all areas, each in its own folder. */
export const pages: RouteObject[] = [
  ...dashboard, ...jobs, ...recovery, ...activities, ...calendar, ...inventory, ...transporters, ...repositories, ...settings,
];

/** The menu: the areas that have pages. */
export const areas = all.filter((a) => pages.some((p) => `/${p.path ?? ""}` === a.path));
