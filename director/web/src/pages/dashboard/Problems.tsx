import { useState } from "react";
import { Badge, Button, Card, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { CheckmarkCircleRegular, ErrorCircleFilled, InfoRegular, WarningFilled } from "@fluentui/react-icons";
import { Severity, type GetOverviewResponse, type Problem } from "@/gen/holdfast/director/v1/overview_pb";
import { useRemedies } from "@/pages/dashboard/remedies";
import { Explained } from "@/parts/Explained";
import { counted } from "@/parts/format";
import { When } from "@/parts/When";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column" },
  item: {
    display: "grid", gridTemplateColumns: "24px minmax(0, 1fr) auto", gap: tokens.spacingHorizontalM, alignItems: "start", padding: `${tokens.spacingVerticalM} 0`,
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`, "@media (max-width: 700px)": { gridTemplateColumns: "24px minmax(0, 1fr)" },
  },
  icon: { fontSize: "20px", display: "flex" },
  critical: { color: tokens.colorStatusDangerForeground1 },
  warning: { color: tokens.colorStatusWarningForeground3 },
  notice: { color: tokens.colorNeutralForeground3 },
  good: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM, color: tokens.colorStatusSuccessForeground1, fontSize: tokens.fontSizeBase400 },
  words: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXXS, overflowWrap: "anywhere" },
  soft: { color: tokens.colorNeutralForeground2 },
  buttons: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS, justifyContent: "flex-end", "@media (max-width: 700px)": { gridColumn: "2", justifyContent: "flex-start" } },
  head: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM },
});

/** So many are shown before "show all" is asked for. */
const few = 5;

/** What is not as it should be, worst first, each with what mends it. */
export function Problems({ overview: o }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  const [all, setAll] = useState(false);
  const shown = all ? o.problems : o.problems.slice(0, few);
  const total = o.critical + o.warnings + o.notices;
  return (
    <Card>
      <div className={styles.head}>
        <Subtitle2 as="h2">To look at</Subtitle2>
        {o.critical > 0 && <Badge color="danger" appearance="tint">{counted(o.critical, "serious one")}</Badge>}
        {o.warnings > 0 && <Badge color="warning" appearance="tint">{counted(o.warnings, "warning")}</Badge>}
      </div>
      {o.problems.length === 0 ? (
        <span className={styles.good}><CheckmarkCircleRegular aria-hidden /> Nothing. Every mailbox is protected as planned.</span>
      ) : (
        <ul className={styles.list}>{shown.map((p) => <Item key={p.id} problem={p} />)}</ul>
      )}
      {o.problems.length > few && <div><Button onClick={() => setAll(!all)}>{all ? "Show the worst only" : `Show all ${total}`}</Button></div>}
    </Card>
  );
}

function Mark({ severity }: { severity: Severity }) {
  const styles = useStyles();
  if (severity === Severity.CRITICAL) return <span className={`${styles.icon} ${styles.critical}`}><ErrorCircleFilled aria-label="Serious" /></span>;
  if (severity === Severity.WARNING) return <span className={`${styles.icon} ${styles.warning}`}><WarningFilled aria-label="Warning" /></span>;
  return <span className={`${styles.icon} ${styles.notice}`}><InfoRegular aria-label="Worth knowing" /></span>;
}

function Item({ problem: p }: { problem: Problem }) {
  const styles = useStyles();
  const remedies = useRemedies(p).slice(0, 2);
  return (
    <li className={styles.item}>
      <Mark severity={p.severity} />
      <div className={styles.words}>
        <Text weight="semibold">{p.title}</Text>
        <Text>{p.cause} {p.remedy}</Text>
        {p.since && <Text size={200} className={styles.soft}>Since <When at={p.since} /></Text>}
      </div>
      <div className={styles.buttons}>
        {remedies.map((r, i) => <Explained key={r.text} appearance={i === 0 && p.severity === Severity.CRITICAL ? "primary" : "secondary"} why={r.why} onClick={r.act}>{r.text}</Explained>)}
      </div>
    </li>
  );
}
