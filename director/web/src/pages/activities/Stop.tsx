import { useState } from "react";
import { useMutation } from "@connectrpc/connect-query";
import { Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { RecordStopRegular } from "@fluentui/react-icons";
import { ActivityKind, ActivityService, type Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { isLive } from "@/pages/activities/useActivity";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { Role, useForbidden } from "@/session/me";

/** The kinds that go from message to message. */
const withMail = new Set([ActivityKind.RUN, ActivityKind.RECOVERY, ActivityKind.UNDO, ActivityKind.DRILL]);

/** Stops an activity that goes on. What was done until then stays. One that takes its time to stop may be stopped at once. */
export function Stop({ activity: a }: { activity: Activity }) {
  const why = useForbidden(Role.OPERATOR);
  const [now, setNow] = useState<boolean>();
  const stop = useMutation(ActivityService.method.stopActivity);
  if (!isLive(a.status)) return null;
  const run = a.kind === ActivityKind.RUN;
  const step = withMail.has(a.kind) ? "message" : "step";
  const stays = run ? "What was backed up until then is kept, and the next run goes on from there." : "What was done until then stays.";
  return (
    <>
      {why ? <Explained why={why} icon={<RecordStopRegular />}>Stop</Explained> : (
        <Menu>
          <MenuTrigger disableButtonEnhancement><Explained icon={<RecordStopRegular />}>Stop</Explained></MenuTrigger>
          <MenuPopover>
            <MenuList>
              {a.status !== RunStatus.STOPPING && <MenuItem onClick={() => setNow(false)}>After the current {step}</MenuItem>}
              <MenuItem onClick={() => setNow(true)}>Now</MenuItem>
            </MenuList>
          </MenuPopover>
        </Menu>
      )}
      <Confirm
        open={now !== undefined} title={`Stop “${a.title}”?`} action={now ? "Stop now" : `Stop after the current ${step}`}
        onConfirm={() => stop.mutateAsync({ activityId: a.id, now: now === true })} onClose={() => setNow(undefined)}
      >
        {stays}
      </Confirm>
    </>
  );
}
