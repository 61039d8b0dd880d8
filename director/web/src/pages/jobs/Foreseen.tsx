import { useMemo } from "react";
import { makeStyles, mergeClasses, Subtitle2, Text, tokens, Tooltip } from "@fluentui/react-components";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { keepPreviousData } from "@tanstack/react-query";
import { useQuery } from "@connectrpc/connect-query";
import { JobService, type Retention } from "@/gen/holdfast/director/v1/job_pb";
import type { Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { decide, type Foreseen as Point } from "@/pages/jobs/foresee";
import { useJobStyles } from "@/pages/jobs/styles";
import { count, counted } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { wrong } from "@/parts/schedule/schedules";

/** How many starts are looked ahead: as many as the API lists. */
const ahead = 1000;

const useStyles = makeStyles({
  dots: { display: "flex", flexWrap: "wrap", gap: "3px", maxWidth: "60rem" },
  dot: { width: "10px", height: "10px", borderRadius: "2px", backgroundColor: tokens.colorNeutralStroke2 },
  stays: { backgroundColor: tokens.colorBrandBackground },
});

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Which points of each mailbox there would be after a while, by the schedules: what stays and what went. */
export function Foreseen({ retention, schedules }: { retention: Retention; schedules: Schedule[] }) {
  const styles = useJobStyles();
  const clocks = schedules.filter((s) => s.when.case !== "afterJob" && wrong(s) === undefined);
  const starts = useQuery(JobService.method.listStarts, { schedules: clocks, limit: ahead }, { enabled: clocks.length > 0, placeholderData: keepPreviousData, staleTime: 60_000 });
  if (clocks.length === 0) return <Text className={styles.soft}>With a schedule by the clock, this would show which points stay and which go.</Text>;
  return (
    <section className={styles.stack} aria-label="What it will mean">
      <Subtitle2 as="h2">What it will mean</Subtitle2>
      <Loaded query={starts} what="The coming starts">{(data) => <Picture times={data.starts.flatMap((s) => (s.start ? [timestampDate(s.start)] : []))} retention={retention} />}</Loaded>
    </section>
  );
}

function Picture({ times, retention }: { times: Date[]; retention: Retention }) {
  const styles = useStyles();
  const shared = useJobStyles();
  const points = useMemo(() => decide(times, retention).reverse(), [times, retention]);
  const kept = points.filter((p) => p.why.length > 0);
  const first = kept[0];
  const last = points.at(-1);
  if (!first || !last) return <Text>Nothing starts by the clock.</Text>;
  const age = Math.round((last.time.getTime() - first.time.getTime()) / 86_400_000);
  // More squares than fit a look say nothing; the newest are those that differ.
  const drawn = points.slice(-400);
  return (
    <>
      <Text>
        After {counted(points.length, "start")}, on {date.format(last.time)}, each mailbox would have <strong>{counted(kept.length, "point")}</strong>; {count(points.length - kept.length)} would
        have been deleted. The oldest would be {counted(age, "day")} old{keptBy(kept)}.
      </Text>
      <div className={styles.dots} role="img" aria-label={`${kept.length} of ${points.length} points stay`}>
        {drawn.map((p) => (
          <Tooltip key={p.time.getTime()} relationship="inaccessible" content={`${date.format(p.time)}: ${p.why.length > 0 ? `stays (${p.why.join(", ")})` : "goes"}`}>
            <span className={mergeClasses(styles.dot, p.why.length > 0 && styles.stays)} />
          </Tooltip>
        ))}
      </div>
      <Text size={200} className={shared.soft}>Each square is a start, oldest first{drawn.length < points.length ? `; the last ${drawn.length} are drawn` : ""}. Filled ones stay.</Text>
    </>
  );
}

function keptBy(kept: Point[]): string {
  const n = (why: Point["why"][number]) => kept.filter((p) => p.why.includes(why)).length;
  const parts = ([["day", "days"], ["week", "weeks"], ["month", "months"], ["year", "years"]] as const).filter(([k]) => n(k) > 0).map(([k, text]) => `${n(k)} ${n(k) === 1 ? k : text}`);
  return parts.length > 0 ? `; kept for ${parts.join(", ")}` : "";
}
