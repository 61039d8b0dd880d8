import { Badge, type BadgeProps } from "@fluentui/react-components";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { RunStatus, TaskStatus } from "@/gen/holdfast/director/v1/run_pb";

type Color = NonNullable<BadgeProps["color"]>;

const runs: Record<RunStatus, [string, Color]> = {
  [RunStatus.UNSPECIFIED]: ["Never ran", "informative"],
  [RunStatus.QUEUED]: ["Queued", "informative"],
  [RunStatus.RUNNING]: ["Running", "brand"],
  [RunStatus.STOPPING]: ["Stopping", "warning"],
  [RunStatus.SUCCEEDED]: ["Successful", "success"],
  [RunStatus.INCOMPLETE]: ["Incomplete", "warning"],
  [RunStatus.FAILED]: ["Failed", "danger"],
  [RunStatus.STOPPED]: ["Stopped", "warning"],
};

const tasks: Record<TaskStatus, [string, Color]> = {
  [TaskStatus.UNSPECIFIED]: ["Not known", "informative"],
  [TaskStatus.QUEUED]: ["Queued", "informative"],
  [TaskStatus.RUNNING]: ["Running", "brand"],
  [TaskStatus.SUCCEEDED]: ["Successful", "success"],
  [TaskStatus.INCOMPLETE]: ["Incomplete", "warning"],
  [TaskStatus.FAILED]: ["Failed", "danger"],
  [TaskStatus.STOPPED]: ["Stopped", "warning"],
  [TaskStatus.RETRYING]: ["Will try again", "warning"],
};

export function runWord(status: RunStatus): string {
  return (runs[status] ?? runs[RunStatus.UNSPECIFIED])[0];
}

export function taskWord(status: TaskStatus): string {
  return (tasks[status] ?? tasks[TaskStatus.UNSPECIFIED])[0];
}

/** How a run stands or went. */
export function RunBadge({ status }: { status: RunStatus }) {
  const [text, color] = runs[status] ?? runs[RunStatus.UNSPECIFIED];
  return <Badge color={color} appearance="tint">{text}</Badge>;
}

/** How a run stands for one mailbox. */
export function TaskBadge({ status }: { status: TaskStatus }) {
  const [text, color] = tasks[status] ?? tasks[TaskStatus.UNSPECIFIED];
  return <Badge color={color} appearance="tint">{text}</Badge>;
}

/** Whether a run goes on. */
export function goesOn(status: RunStatus): boolean {
  return status === RunStatus.QUEUED || status === RunStatus.RUNNING || status === RunStatus.STOPPING;
}

export function taskEnded(status: TaskStatus): boolean {
  return status === TaskStatus.SUCCEEDED || status === TaskStatus.INCOMPLETE || status === TaskStatus.FAILED || status === TaskStatus.STOPPED;
}

/** What a job is up to. */
export type JobState = "running" | "deleting" | "draft" | "disabled" | "enabled";

export function stateOf(job: Job): JobState {
  if (job.deletion) return "deleting";
  if (goesOn(job.lastStatus)) return "running";
  if (job.draft) return "draft";
  return job.enabled ? "enabled" : "disabled";
}

const states: Record<JobState, [string, Color]> = {
  running: ["Running", "brand"],
  deleting: ["Being deleted", "warning"],
  draft: ["Draft", "informative"],
  disabled: ["Disabled", "informative"],
  enabled: ["Enabled", "success"],
};

export function stateWord(state: JobState): string {
  return states[state][0];
}

export function StateBadge({ job }: { job: Job }) {
  const [text, color] = states[stateOf(job)];
  return <Badge color={color} appearance="tint">{text}</Badge>;
}
