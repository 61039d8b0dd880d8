import { Button, Subtitle2, Text } from "@fluentui/react-components";
import { AddRegular, CalendarClockRegular } from "@fluentui/react-icons";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { useJobs } from "@/pages/jobs/hooks";
import { NextStarts } from "@/pages/jobs/NextStarts";
import { useJobStyles } from "@/pages/jobs/styles";
import { EmptyState } from "@/parts/EmptyState";
import { ScheduleEditor } from "@/parts/schedule/ScheduleEditor";
import { fresh, wrong } from "@/parts/schedule/schedules";
import { useDebounced } from "@/parts/useDebounced";

/** When a job starts by itself; with its next starts. */
export function ScheduleStep({ draft, change }: { draft: Job; change: (next: Job) => void }) {
  const styles = useJobStyles();
  const jobs = useJobs();
  const others = (jobs.data?.jobs ?? []).filter((j) => j.id !== draft.id && !j.deletion);
  const list = draft.schedules;
  const settled = useDebounced(list, 300);
  const good = settled.filter((s) => wrong(s) === undefined);
  const followed = good.filter((s) => s.when.case === "afterJob");
  const add = <Button icon={<AddRegular />} onClick={() => change({ ...draft, schedules: [...list, fresh("weekly")] })}>{list.length === 0 ? "Add a schedule" : "Add another schedule"}</Button>;
  if (list.length === 0) {
    return (
      <EmptyState icon={<CalendarClockRegular />} title="On demand" actions={add}>
        Without a schedule the job runs only when somebody runs it. Add one to have it run by itself.
      </EmptyState>
    );
  }
  return (
    <>
      {list.map((s, i) => (
        <ScheduleEditor
          key={i} number={i + 1} schedule={s} others={others} onChange={(next) => change({ ...draft, schedules: list.map((x, n) => (n === i ? next : x)) })}
          onRemove={() => change({ ...draft, schedules: list.filter((_, n) => n !== i) })}
        />
      ))}
      <div>{add}</div>
      <section className={styles.stack} aria-label="The next ten starts">
        <Subtitle2 as="h2">The next ten starts</Subtitle2>
        <NextStarts schedules={good} limit={10} />
        {followed.length > 0 && <Text>Besides, it starts after {followed.map((s) => (s.when.case === "afterJob" ? others.find((j) => j.id === (s.when.value as { jobId: string }).jobId)?.name : "")).join(", ")}.</Text>}
      </section>
    </>
  );
}
