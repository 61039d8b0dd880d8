import { makeStyles, tokens } from "@fluentui/react-components";
import { ArrowSyncRegular, CheckmarkCircleFilled, ClockRegular, DismissCircleFilled, RecordStopRegular, WarningFilled } from "@fluentui/react-icons";
import { RunStatus, TaskStatus } from "@/gen/holdfast/director/v1/run_pb";

const useStyles = makeStyles({
  root: { display: "inline-flex", alignItems: "center", gap: tokens.spacingHorizontalXS },
  good: { color: tokens.colorStatusSuccessForeground1, display: "flex" },
  warn: { color: tokens.colorStatusWarningForeground1, display: "flex" },
  bad: { color: tokens.colorStatusDangerForeground1, display: "flex" },
  none: { color: tokens.colorNeutralForeground2, display: "flex" },
});

type Look = "good" | "warn" | "bad" | "none" | "busy" | "waits";

const runs: Record<RunStatus, [text: string, look: Look]> = {
  [RunStatus.UNSPECIFIED]: ["Unknown", "none"],
  [RunStatus.QUEUED]: ["Waiting", "waits"],
  [RunStatus.RUNNING]: ["Running", "busy"],
  [RunStatus.STOPPING]: ["Stopping", "busy"],
  [RunStatus.SUCCEEDED]: ["Succeeded", "good"],
  [RunStatus.INCOMPLETE]: ["Incomplete", "warn"],
  [RunStatus.FAILED]: ["Failed", "bad"],
  [RunStatus.STOPPED]: ["Stopped", "none"],
};

const tasks: Record<TaskStatus, [text: string, look: Look]> = {
  [TaskStatus.UNSPECIFIED]: ["Unknown", "none"],
  [TaskStatus.QUEUED]: ["Waiting", "waits"],
  [TaskStatus.RUNNING]: ["Running", "busy"],
  [TaskStatus.SUCCEEDED]: ["Succeeded", "good"],
  [TaskStatus.INCOMPLETE]: ["Incomplete", "warn"],
  [TaskStatus.FAILED]: ["Failed", "bad"],
  [TaskStatus.STOPPED]: ["Stopped", "none"],
  [TaskStatus.RETRYING]: ["Tries again", "warn"],
};

export function runStatusText(s: RunStatus): string {
  return runs[s][0];
}

export function Status({ status }: { status: RunStatus }) {
  return <Shown of={runs[status] ?? runs[RunStatus.UNSPECIFIED]} />;
}

export function TaskState({ status }: { status: TaskStatus }) {
  return <Shown of={tasks[status] ?? tasks[TaskStatus.UNSPECIFIED]} />;
}

function Shown({ of: [text, look] }: { of: [string, Look] }) {
  const styles = useStyles();
  const tone = look === "good" ? styles.good : look === "warn" ? styles.warn : look === "bad" ? styles.bad : styles.none;
  return (
    <span className={styles.root}>
      <span className={tone} aria-hidden>
        {look === "good" ? <CheckmarkCircleFilled /> : look === "warn" ? <WarningFilled /> : look === "bad" ? <DismissCircleFilled />
          : look === "busy" ? <ArrowSyncRegular /> : look === "waits" ? <ClockRegular /> : <RecordStopRegular />}
      </span>
      {text}
    </span>
  );
}
