import { TaskStatus, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { capital } from "@/parts/format";

/** Which mailboxes of a run are listed. */
export type TaskShow = "all" | "running" | "waiting" | "failed" | "incomplete" | "successful" | "stopped";

export const taskShows: [TaskShow, string][] = [
  ["all", "All"], ["running", "Running"], ["waiting", "Waiting"], ["failed", "Failed"], ["incomplete", "Incomplete"], ["successful", "Successful"], ["stopped", "Stopped"],
];

function showOf(t: Task): TaskShow {
  switch (t.status) {
    case TaskStatus.RUNNING: return "running";
    case TaskStatus.FAILED: return "failed";
    case TaskStatus.INCOMPLETE: return "incomplete";
    case TaskStatus.SUCCEEDED: return "successful";
    case TaskStatus.STOPPED: return "stopped";
    default: return "waiting";
  }
}

/** How many there are of each. */
export function countTasks(tasks: Task[]): Record<TaskShow, number> {
  const n: Record<TaskShow, number> = { all: tasks.length, running: 0, waiting: 0, failed: 0, incomplete: 0, successful: 0, stopped: 0 };
  for (const t of tasks) n[showOf(t)]++;
  return n;
}

export function filterTasks(tasks: Task[], show: TaskShow, search: string): Task[] {
  const wanted = search.trim().toLowerCase();
  if (show === "all" && !wanted) return tasks;
  return tasks.filter(
    (t) => (show === "all" || showOf(t) === show) && (!wanted || t.mailboxName.toLowerCase().includes(wanted) || t.mailboxAddress.toLowerCase().includes(wanted)),
  );
}

/** What a task does or why it does not, in a few words. */
export function taskText(t: Task): string {
  if (t.waiting) return capital(t.waiting);
  if (t.error) return capital(t.error);
  const lost = BigInt(t.losses.length) + t.lossesMore;
  if (lost > 0n) return `${lost} could not be kept`;
  if (t.status === TaskStatus.QUEUED) return "Its turn has not come";
  if (t.phase) return capital(t.phase);
  return "";
}
