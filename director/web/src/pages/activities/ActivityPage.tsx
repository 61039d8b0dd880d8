import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Subtitle2, tokens } from "@fluentui/react-components";
import { useParams } from "react-router";
import { sentence } from "@/api/fault";
import { ActivityKind, type Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { kindName } from "@/pages/activities/kinds";
import { Losses } from "@/pages/activities/Losses";
import { Progress } from "@/pages/activities/Progress";
import { Report } from "@/pages/activities/Report";
import { Status } from "@/pages/activities/Status";
import { Stop } from "@/pages/activities/Stop";
import { Tasks } from "@/pages/activities/Tasks";
import { took } from "@/pages/activities/took";
import { Undo } from "@/pages/activities/Undo";
import { isLive, useActivity } from "@/pages/activities/useActivity";
import { PlanView } from "@/pages/recovery/PlanView";
import { Facts } from "@/parts/Facts";
import { FaultNote } from "@/parts/FaultNote";
import { moment } from "@/parts/format";
import { Page } from "@/parts/Page";

const useStyles = makeStyles({
  facts: { display: "flex", flexWrap: "wrap", columnGap: "64px", rowGap: tokens.spacingVerticalL, flexShrink: 0, alignItems: "flex-start" },
  part: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minWidth: 0 },
  list: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, height: "26rem", flexShrink: 0 },
});

/** An activity as it goes on, and what became of it. */
export function ActivityPage() {
  const { id = "" } = useParams();
  const { activity, error } = useActivity(id);
  const crumbs = [{ text: "Activities", to: "/activities" }];
  if (!activity) {
    return (
      <Page title="Activity" crumbs={crumbs}>
        {error != null ? <FaultNote title="The activity could not be read" error={error} /> : <Spinner label="Loading" style={{ margin: "auto" }} />}
      </Page>
    );
  }
  return (
    <Page title={activity.title || kindName(activity.kind)} crumbs={crumbs} actions={<><Undo activity={activity} /><Stop activity={activity} /></>}>
      {error != null && <FaultNote title="The activity cannot be followed" error={error} />}
      <Content activity={activity} />
    </Page>
  );
}

function Content({ activity: a }: { activity: Activity }) {
  const styles = useStyles();
  const several = a.kind === ActivityKind.RUN || a.tasks > 1;
  const planned = a.planOnly && a.kind === ActivityKind.RECOVERY && (a.status === RunStatus.SUCCEEDED || a.status === RunStatus.INCOMPLETE);
  return (
    <>
      <Progress activity={a} />
      {a.error !== "" && (
        <MessageBar intent={a.status === RunStatus.FAILED ? "error" : "warning"} layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{a.status === RunStatus.FAILED ? "It failed." : "Something went wrong."}</MessageBarTitle>
            {sentence(a.error)}{a.requestId && ` Microsoft’s request-id: ${a.requestId}`}
          </MessageBarBody>
        </MessageBar>
      )}
      <div className={styles.facts}>
        <section className={styles.part} aria-labelledby="overview">
          <Subtitle2 as="h2" id="overview">Overview</Subtitle2>
          <Facts
            of={[
              ["Status", <Status status={a.status} />],
              ["Kind", `${kindName(a.kind)}${a.planOnly ? ", only planned: nothing is written" : ""}`],
              ["Started", `${moment(a.started)}${a.cause ? `, by ${a.cause}` : ""}`],
              ["Ended", a.ended && moment(a.ended)],
              [isLive(a.status) ? "So far" : "Took", took(a)],
              ["Can be undone", a.undoUntil && `until ${moment(a.undoUntil)}`],
            ]}
          />
        </section>
        {!planned && <Report activity={a} />}
      </div>
      {planned && <PlanView activity={a} />}
      {several && (
        <section className={styles.list} aria-labelledby="mailboxes">
          <Subtitle2 as="h2" id="mailboxes">Mailboxes</Subtitle2>
          <Tasks run={a.id} live={isLive(a.status)} />
        </section>
      )}
      {!several && <Losses list={a.losses} more={a.lossesMore} />}
    </>
  );
}
