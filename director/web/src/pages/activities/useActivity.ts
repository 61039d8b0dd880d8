import { createClient } from "@connectrpc/connect";
import { transport } from "@/api/transport";
import { useWatch } from "@/api/watch";
import { ActivityService, type Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";

const client = createClient(ActivityService, transport);

/** An activity as it goes on; an empty id watches nothing. */
export function useActivity(id: string): { activity: Activity | undefined; error: unknown } {
  const watched = useWatch(`activity ${id}`, (signal) => client.watchActivity({ activityId: id }, { signal }), id !== "");
  return { activity: watched.latest?.activity, error: watched.error };
}

/** Whether an activity goes on. */
export function isLive(status: RunStatus): boolean {
  return status === RunStatus.QUEUED || status === RunStatus.RUNNING || status === RunStatus.STOPPING;
}
