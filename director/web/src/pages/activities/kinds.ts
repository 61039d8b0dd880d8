import { ActivityKind } from "@/gen/holdfast/director/v1/activity_pb";

const names: Record<ActivityKind, string> = {
  [ActivityKind.UNSPECIFIED]: "Activity",
  [ActivityKind.RUN]: "Backup",
  [ActivityKind.RECOVERY]: "Recovery",
  [ActivityKind.UNDO]: "Undo of a recovery",
  [ActivityKind.DRILL]: "Recovery drill",
  [ActivityKind.VERIFY]: "Verification",
  [ActivityKind.RECLAIM]: "Reclaiming space",
  [ActivityKind.REPAIR]: "Repair",
  [ActivityKind.COPY]: "Copy of backups",
  [ActivityKind.SURVEY]: "Survey of space",
  [ActivityKind.DETACH]: "Detaching a repository",
  [ActivityKind.ATTACH]: "Attaching a repository",
  [ActivityKind.DIRECTOR_BACKUP]: "Self-backup",
};

export function kindName(kind: ActivityKind): string {
  return names[kind] ?? "Activity";
}

/** What kinds a filter of the list takes; all for one that is not named. */
export const groups: { key: string; title: string; has: (kind: ActivityKind) => boolean }[] = [
  { key: "", title: "All", has: () => true },
  { key: "backup", title: "Backups", has: (k) => k === ActivityKind.RUN },
  { key: "recovery", title: "Recoveries", has: (k) => k === ActivityKind.RECOVERY || k === ActivityKind.UNDO || k === ActivityKind.DRILL },
  { key: "repository", title: "Repositories", has: (k) => k !== ActivityKind.RUN && k !== ActivityKind.RECOVERY && k !== ActivityKind.UNDO && k !== ActivityKind.DRILL && k !== ActivityKind.DIRECTOR_BACKUP },
  { key: "director", title: "Self-backup", has: (k) => k === ActivityKind.DIRECTOR_BACKUP },
];

/** Where an activity has its page: runs of jobs have one of their own. */
export function activityPath(a: { id: string; kind: ActivityKind }): string {
  return a.kind === ActivityKind.RUN ? `/runs/${a.id}` : `/activities/${a.id}`;
}
