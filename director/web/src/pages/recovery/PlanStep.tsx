import { useEffect, useMemo, useRef } from "react";
import { createClient } from "@connectrpc/connect";
import { useMutation } from "@tanstack/react-query";
import { Button, MessageBar, MessageBarActions, MessageBarBody, Spinner, Text } from "@fluentui/react-components";
import { transport } from "@/api/transport";
import { RecoveryService } from "@/gen/holdfast/director/v1/recovery_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { Progress } from "@/pages/activities/Progress";
import { isLive, useActivity } from "@/pages/activities/useActivity";
import { allChosen } from "@/pages/recovery/words";
import { chosenParts, isOriginal, markOf, requestOf, type Draft } from "@/pages/recovery/draft";
import { PlanView } from "@/pages/recovery/PlanView";
import { sentence } from "@/api/fault";
import { FaultNote } from "@/parts/FaultNote";
import { mailboxTitle } from "@/parts/format";

const client = createClient(RecoveryService, transport);

/** What would be done, before anything is: made anew whenever the recovery was changed. */
export function PlanStep({ draft, change }: { draft: Draft; change: (next: Draft) => void }) {
  const mark = useMemo(() => markOf(draft), [draft]);
  const latest = useRef(draft);
  latest.current = draft;
  const make = useMutation({
    mutationFn: async (of: string) => ({ of, activity: (await client.startRecovery(requestOf(latest.current, true))).activityId }),
    onSuccess: (plan) => change({ ...latest.current, plan }),
  });
  const asked = useRef("");
  const current = draft.plan?.of === mark ? draft.plan.activity : "";
  useEffect(() => {
    if (current !== "" || asked.current === mark) return;
    asked.current = mark;
    make.mutate(mark);
  }, [current, mark, make]);
  const { activity, error } = useActivity(current);
  const again = () => make.mutate(mark);
  const failed = make.error ?? error;
  return (
    <>
      <Text>{sentenceOf(draft)}</Text>
      {failed != null && <FaultNote title="The plan could not be made" error={failed} retry={again} />}
      {!activity && failed == null && <Spinner label="Making the plan" style={{ alignSelf: "flex-start" }} />}
      {activity && isLive(activity.status) && (
        <>
          <Text>The plan is being made. You may recover without waiting for it: nothing is written before you say so.</Text>
          <Progress activity={activity} />
        </>
      )}
      {activity && !isLive(activity.status) && activity.error !== "" && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>The plan failed: {activity.error}</MessageBarBody>
          <MessageBarActions><Button onClick={again}>Make it again</Button></MessageBarActions>
        </MessageBar>
      )}
      {activity && (activity.status === RunStatus.SUCCEEDED || activity.status === RunStatus.INCOMPLETE) && <PlanView activity={activity} />}
    </>
  );
}

/** What is going to be done, in a sentence. */
function sentenceOf(d: Draft): string {
  const parts = chosenParts(d);
  const [one] = parts;
  const from = parts.length === 1 && one ? ` from ${mailboxTitle(one.point)}` : "";
  const to = isOriginal(d) ? "to the original location" : `to ${d.target?.name ?? "another mailbox"}`;
  const under = d.request.intoFolder ? `, under the folder “${d.request.intoFolder}”` : "";
  return `${sentence(`${allChosen(d)}${from} will be recovered ${to}${under}`)} Nothing is written before you choose “Recover”.`;
}
