import { useMemo } from "react";
import { Badge, Button, Link, makeStyles, mergeClasses, MessageBar, MessageBarBody, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { ChevronLeftRegular, ChevronRightRegular } from "@fluentui/react-icons";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { useNavigate, useSearchParams } from "react-router";
import { CalendarKind, OverviewService, type CalendarEntry } from "@/gen/holdfast/director/v1/overview_pb";
import { addDays, dayFrom, dayOf, dayText, mondayOf } from "@/pages/calendar/weeks";
import { clock, span, zone } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { StatusBadge } from "@/parts/status";

const useStyles = makeStyles({
  week: {
    display: "grid", gridTemplateColumns: "repeat(7, minmax(0, 1fr))", gap: tokens.spacingHorizontalS, alignItems: "stretch", flexGrow: 1,
    "@media (max-width: 1200px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  day: {
    display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, padding: tokens.spacingHorizontalS, border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium, minHeight: "6rem", "@media (max-width: 1200px)": { minHeight: 0 },
  },
  today: { border: `2px solid ${tokens.colorBrandStroke1}` },
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  entry: {
    display: "flex", flexDirection: "column", alignItems: "flex-start", gap: "2px", padding: tokens.spacingHorizontalS, borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3, overflowWrap: "anywhere",
  },
  soft: { color: tokens.colorNeutralForeground2 },
  range: { alignSelf: "center" },
});

const dayName = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const rangeName = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

/** Where an entry leads: to its run, its job, its repository. */
function pathOf(e: CalendarEntry): string | undefined {
  if (e.runId) return e.kind === CalendarKind.JOB ? `/runs/${e.runId}` : `/activities/${e.runId}`;
  if (e.jobId) return `/jobs/${e.jobId}`;
  if (e.repositoryId) return `/repositories/${e.repositoryId}`;
  return e.kind === CalendarKind.DIRECTOR_BACKUP ? "/settings/self-backup" : undefined;
}

/** What was done and what comes, a week at a time. */
export function CalendarPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const monday = mondayOf(dayFrom(params.get("week")) ?? dayOf(new Date()));
  const start = dayText(monday);
  const range = useMemo(() => {
    const from = dayFrom(start) ?? new Date();
    return { from: timestampFromDate(from), to: timestampFromDate(addDays(from, 7)) };
  }, [start]);
  const calendar = useQuery(OverviewService.method.listCalendar, { ...range, limit: 1000 }, { refetchInterval: 60_000 });
  const go = (date: Date) => setParams({ week: dayText(date) });
  return (
    <Page
      title="Calendar" about={`Times are of ${zone}.`}
      actions={
        <>
          <Text className={styles.range} weight="semibold">{rangeName.formatRange(monday, addDays(monday, 6))}</Text>
          <Button icon={<ChevronLeftRegular />} aria-label="The week before" onClick={() => go(addDays(monday, -7))} />
          <Button onClick={() => setParams({})}>This week</Button>
          <Button icon={<ChevronRightRegular />} aria-label="The week after" onClick={() => go(addDays(monday, 7))} />
        </>
      }
    >
      <Loaded query={calendar} what="The calendar">
        {(data) => (
          <>
            {data.cutAt && <MessageBar><MessageBarBody>There is more in this week than is shown here.</MessageBarBody></MessageBar>}
            <div className={styles.week}>
              {[0, 1, 2, 3, 4, 5, 6].map((i) => (
                <Day key={i} date={addDays(monday, i)} entries={data.entries} go={(path) => void navigate(path)} />
              ))}
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Day({ date, entries, go }: { date: Date; entries: CalendarEntry[]; go: (path: string) => void }) {
  const styles = useStyles();
  const mine = entries.filter((e) => e.start && dayText(timestampDate(e.start)) === dayText(date));
  const today = dayText(date) === dayText(new Date());
  return (
    <section className={mergeClasses(styles.day, today && styles.today)} aria-label={dayName.format(date)} aria-current={today ? "date" : undefined}>
      <Subtitle2 as="h2">{dayName.format(date)}</Subtitle2>
      {mine.length === 0 && <Text size={200} className={styles.soft}>Nothing</Text>}
      <ul className={styles.list}>
        {mine.map((e) => {
          const path = pathOf(e);
          return (
            <li key={`${e.runId} ${e.title} ${e.start?.seconds ?? 0n}`} className={styles.entry}>
              <Text size={200} className={styles.soft}>{e.estimated ? "about " : ""}{clock(e.start)}{e.runId === "" && e.expected ? `, about ${span(e.expected)}` : ""}</Text>
              {path ? <Link href={path} onClick={(ev) => { ev.preventDefault(); go(path); }}>{e.title}</Link> : <Text>{e.title}</Text>}
              {e.runId !== "" && <StatusBadge status={e.status} />}
              {e.waiting && <Badge color="warning" appearance="tint">Waits</Badge>}
              {e.waiting && <Text size={200}>{e.waiting}</Text>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
