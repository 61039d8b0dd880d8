import { useRef } from "react";
import { useWatch } from "@/api/watch";
import type { Run, Task } from "@/gen/holdfast/director/v1/run_pb";
import { jobService } from "@/pages/jobs/api";

/** A run as it stands, with all its tasks in the order of processing. */
export interface Followed {
  run: Run | undefined;
  tasks: Task[];
  error: unknown;
  /** The run has ended, and everything was told. */
  ended: boolean;
}

/** How often at most the tasks are drawn anew while they come in, in milliseconds. */
const every = 250;

/**
 * Follows a run. The stream tells of each task once, then of those that change, so it is kept here what it told before;
 * after it broke off, it tells everything again.
 */
export function useRunTasks(runId: string): Followed {
  const kept = useRef(new Map<string, Task>());
  const watched = useWatch<{ run: Run | undefined; tasks: Task[] }>(runId, (signal) => follow(runId, kept.current, signal), runId !== "");
  return { run: watched.latest?.run, tasks: watched.latest?.tasks ?? [], error: watched.error, ended: watched.ended };
}

async function* follow(runId: string, kept: Map<string, Task>, signal: AbortSignal) {
  kept.clear();
  let drawn = 0;
  let last: Run | undefined;
  for await (const answer of jobService.watchRun({ runId }, { signal })) {
    for (const t of answer.tasks) kept.set(t.id, t);
    last = answer.run;
    const now = performance.now();
    // The batches of a long list come at once; each need not be drawn.
    if (kept.size < (last?.tasks ?? 0) && drawn > 0 && now - drawn < every) continue;
    drawn = now;
    yield { run: last, tasks: [...kept.values()] };
  }
  yield { run: last, tasks: [...kept.values()] };
}
