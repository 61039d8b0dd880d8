import { Card, Link, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { OverviewService } from "@/gen/holdfast/director/v1/overview_pb";
import { moment } from "@/parts/format";

const useStyles = makeStyles({
  list: { display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", columnGap: tokens.spacingHorizontalL, rowGap: tokens.spacingVerticalS, margin: 0 },
  soft: { color: tokens.colorNeutralForeground2 },
  what: { margin: 0, overflowWrap: "anywhere" },
});

/** What starts next by the clock. */
export function Upcoming() {
  const styles = useStyles();
  const navigate = useNavigate();
  const range = useMemo(() => ({ from: timestampFromDate(new Date()), to: timestampFromDate(new Date(Date.now() + 7 * 86_400_000)) }), []);
  const calendar = useQuery(OverviewService.method.listCalendar, { ...range, skipPast: true, limit: 6 }, { refetchInterval: 60_000 });
  const entries = calendar.data?.entries.filter((e) => e.runId === "") ?? [];
  return (
    <Card>
      <Subtitle2 as="h2">Coming</Subtitle2>
      {entries.length === 0 ? (
        <Text className={styles.soft}>Nothing starts by itself in the next seven days.</Text>
      ) : (
        <dl className={styles.list}>
          {entries.map((e) => (
            <div key={`${e.title} ${e.start?.seconds ?? 0n}`} style={{ display: "contents" }}>
              <dt className={styles.soft}>{moment(e.start)}</dt>
              <dd className={styles.what}>{e.title}</dd>
            </div>
          ))}
        </dl>
      )}
      <div><Link href="/calendar" onClick={(e) => { e.preventDefault(); void navigate("/calendar"); }}>Open the calendar</Link></div>
    </Card>
  );
}
