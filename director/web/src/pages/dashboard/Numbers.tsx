import { Card, Link, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { GetOverviewResponse } from "@/gen/holdfast/director/v1/overview_pb";
import { count } from "@/parts/format";
import { When } from "@/parts/When";

const useStyles = makeStyles({
  row: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(11rem, 100%), 1fr))", gap: tokens.spacingHorizontalL },
  card: { gap: tokens.spacingVerticalXS },
  number: { fontSize: tokens.fontSizeHero700, lineHeight: tokens.lineHeightHero700, fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: "tabular-nums" },
  good: { color: tokens.colorStatusSuccessForeground1 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  warn: { color: tokens.colorStatusWarningForeground3 },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** How many mailboxes are protected, and how many are not, at one glance. */
export function Numbers({ overview: o }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const p = o.protection;
  const list = (trouble: string, text: string) => (
    <Link href={`/mailboxes/${trouble}`} onClick={(e) => { e.preventDefault(); void navigate(`/mailboxes/${trouble}`); }}>{text}</Link>
  );
  const protectedNow = p?.protected ?? 0n;
  const all = p?.mailboxes ?? 0n;
  return (
    <div className={styles.row}>
      <Card className={styles.card}>
        <span className={`${styles.number} ${all > 0n && protectedNow === all ? styles.good : ""}`}>{count(protectedNow)}</span>
        <Text>of {count(all)} mailboxes protected</Text>
        <Text size={200} className={styles.soft}>{p && p.waiting > 0n ? list("waiting", `${count(p.waiting)} wait for their first backup`) : "In a job, with a point as new as it promises"}</Text>
      </Card>
      <Card className={styles.card}>
        <span className={`${styles.number} ${p && p.unprotected > 0n ? styles.bad : ""}`}>{count(p?.unprotected ?? 0n)}</span>
        <Text>in no job</Text>
        <Text size={200} className={styles.soft}>{p && p.unprotected > 0n ? list("unprotected", "Show them") : "Every mailbox is in a job"}</Text>
      </Card>
      <Card className={styles.card}>
        <span className={`${styles.number} ${p && p.late > 0n ? styles.bad : ""}`}>{count(p?.late ?? 0n)}</span>
        <Text>late</Text>
        <Text size={200} className={styles.soft}>{p && p.late > 0n ? list("late", "Show them") : "All backups are as new as planned"}</Text>
      </Card>
      <Card className={styles.card}>
        <span className={`${styles.number} ${p && p.failed > 0n ? styles.bad : ""}`}>{count((p?.failed ?? 0n) + (p?.incomplete ?? 0n))}</span>
        <Text>failed or with losses</Text>
        <Text size={200} className={styles.soft}>{p && p.failed > 0n ? list("failed", "Show those that failed") : p && p.incomplete > 0n ? list("incomplete", "Show them") : "In the last run of each job"}</Text>
      </Card>
      <Card className={styles.card}>
        <span className={styles.number}><When at={o.nextStart} none="—" /></span>
        <Text>next start</Text>
        <Text size={200} className={styles.soft}>{o.nextJobName || "No job has a schedule"}</Text>
      </Card>
    </div>
  );
}
