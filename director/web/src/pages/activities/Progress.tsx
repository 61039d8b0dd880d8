import { makeStyles, ProgressBar, Text, tokens } from "@fluentui/react-components";
import type { Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { isLive } from "@/pages/activities/useActivity";
import { bytes, count, percent } from "@/parts/format";

const useStyles = makeStyles({ root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS, maxWidth: "46rem" } });

/** How far an activity is, in words: messages, bytes, mailboxes. */
export function progressText(a: Activity): string {
  const p = a.progress;
  const said: string[] = [];
  if (a.tasks > 1) said.push(`${count(a.tasksDone)} of ${count(a.tasks)} mailboxes`);
  if (p && p.messagesTotal > 0n) said.push(`${count(p.messagesDone)} of ${count(p.messagesTotal)} messages`);
  else if (p && p.messagesDone > 0n) said.push(`${count(p.messagesDone)} messages`);
  if (p && p.bytesRead > 0n) said.push(bytes(p.bytesRead));
  return said.join(", ");
}

/** The part that is done, in hundredths; undefined when nobody can tell. */
export function progressOf(a: Activity): number | undefined {
  const p = a.progress;
  if (p && p.messagesTotal > 0n) return percent(p.messagesDone, p.messagesTotal);
  if (a.tasks > 1) return percent(a.tasksDone, a.tasks);
  return undefined;
}

/** A bar with what is being done, what is waited for, and how far it is; nothing once it has ended. */
export function Progress({ activity: a }: { activity: Activity }) {
  const styles = useStyles();
  if (!isLive(a.status)) return null;
  const part = progressOf(a);
  return (
    <div className={styles.root}>
      <ProgressBar aria-label="Progress" {...(part === undefined ? {} : { value: part, max: 100, "aria-valuenow": part })} />
      <Text aria-live="polite">{[part === undefined ? "" : `${part} %`, a.waiting || a.phase, progressText(a)].filter(Boolean).join(" · ") || "It begins."}</Text>
    </div>
  );
}
