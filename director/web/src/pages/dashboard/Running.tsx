import { Card, Link, makeStyles, ProgressBar, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { Activity } from "@/gen/holdfast/director/v1/activity_pb";
import type { GetOverviewResponse } from "@/gen/holdfast/director/v1/overview_pb";
import { activityPath } from "@/pages/activities/kinds";
import { counted, percent } from "@/parts/format";
import { When } from "@/parts/When";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  item: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
  line: { display: "flex", justifyContent: "space-between", gap: tokens.spacingHorizontalM },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** What goes on now. */
export function Running({ overview: o }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  return (
    <Card>
      <Subtitle2 as="h2">Going on</Subtitle2>
      {o.running.length === 0 ? (
        <Text className={styles.soft}>Nothing is running.</Text>
      ) : (
        <ul className={styles.list}>{o.running.slice(0, 6).map((a) => <Item key={a.id} activity={a} />)}</ul>
      )}
      {o.runningTotal > 6 && <Text className={styles.soft}>and {o.runningTotal - 6} more</Text>}
    </Card>
  );
}

function Item({ activity: a }: { activity: Activity }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const p = a.progress;
  const total = p?.messagesTotal ?? 0n;
  const path = activityPath(a);
  return (
    <li className={styles.item}>
      <div className={styles.line}>
        <Link href={path} onClick={(e) => { e.preventDefault(); void navigate(path); }}>{a.title}</Link>
        <Text size={200} className={styles.soft}><When at={a.started} /></Text>
      </div>
      <ProgressBar value={total > 0n ? percent(p?.messagesDone ?? 0n, total) / 100 : undefined} aria-label={`${a.title}, progress`} />
      <Text size={200} className={styles.soft}>{a.waiting || (p && p.messagesDone > 0n ? counted(p.messagesDone, "message") : a.phase)}</Text>
    </li>
  );
}
