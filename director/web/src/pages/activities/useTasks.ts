import { createClient } from "@connectrpc/connect";
import { useEffect, useState } from "react";
import { transport } from "@/api/transport";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import type { Task } from "@/gen/holdfast/director/v1/run_pb";

const client = createClient(JobService, transport);

/** How often the tasks of a run that goes on are read again, in milliseconds. */
const pause = 3000;

interface Tasks {
  tasks: Task[];
  error: unknown;
  /** All have been read once. */
  read: boolean;
}

/** The tasks of a run or of an activity of several mailboxes, read a page at a time; again while it goes on. */
export function useTasks(run: string, live: boolean): Tasks {
  const [state, setState] = useState<Tasks>({ tasks: [], error: undefined, read: false });
  useEffect(() => {
    const abort = new AbortController();
    let timer: number | undefined;
    const round = async () => {
      const all: Task[] = [];
      try {
        for (let pageToken = "", first = true; first || pageToken !== ""; first = false) {
          const page = await client.getRun({ runId: run, tasks: true, pageSize: 1000, pageToken }, { signal: abort.signal });
          all.push(...page.tasks);
          pageToken = page.nextPageToken;
          // What was read before stays until the round is over, so that the list does not shrink.
          setState((s) => (s.read ? s : { tasks: [...all], error: undefined, read: false }));
        }
        setState({ tasks: all, error: undefined, read: true });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((s) => ({ ...s, error }));
      }
      // Long lists are read less often: each thousand adds as much again.
      if (live) timer = window.setTimeout(() => void round(), pause * (1 + all.length / 1000));
    };
    void round();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [run, live]);
  return state;
}
