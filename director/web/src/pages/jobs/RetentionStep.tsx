import { Field, MessageBar, MessageBarBody, SpinButton, Subtitle2, Switch, Text } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { RetentionSchema, type Job, type Retention } from "@/gen/holdfast/director/v1/job_pb";
import { Foreseen } from "@/pages/jobs/Foreseen";
import { RetentionPreview } from "@/pages/jobs/RetentionPreview";
import { useJobStyles } from "@/pages/jobs/styles";
import { keepsAll, keepsText } from "@/pages/jobs/words";
import { zone } from "@/parts/format";
import { ZoneChoice } from "@/parts/schedule/ZoneChoice";
import { useDebounced } from "@/parts/useDebounced";

type Rule = "last" | "daily" | "weekly" | "monthly" | "yearly";

const rules: [Rule, string, string][] = [
  ["last", "The last points", "points"], ["daily", "One per day, for", "days"], ["weekly", "One per week, for", "weeks"], ["monthly", "One per month, for", "months"], ["yearly", "One per year, for", "years"],
];

/** A retention that many begin with. */
export function usual(): Retention {
  return create(RetentionSchema, { daily: 30, weekly: 12, monthly: 24, zone });
}

/** Which points stay; with a preview of what that means. */
export function RetentionStep({ draft, change }: { draft: Job; change: (next: Job) => void }) {
  const styles = useJobStyles();
  const r = draft.retention ?? create(RetentionSchema, { zone });
  const all = keepsAll(r);
  const set = (next: Partial<Retention>) => change({ ...draft, retention: { ...r, ...next, zone: next.zone ?? (r.zone || zone) } });
  const settled = useDebounced(r, 400);
  return (
    <>
      <Switch
        label="Keep every recovery point, for ever" checked={all}
        onChange={(_, d) => change({ ...draft, retention: d.checked ? create(RetentionSchema, { zone: r.zone || zone }) : usual() })}
      />
      {!all && (
        <>
          <Text>A point stays as long as any of these keeps it. Zero keeps none by that rule. The newest complete point always stays.</Text>
          <div className={styles.row}>
            {rules.map(([key, label, unit]) => (
              <Field key={key} label={label} hint={unit}>
                <SpinButton
                  value={r[key]} min={0} max={10_000} style={{ width: "7rem" }}
                  onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n) && n >= 0 && n <= 10_000) set({ [key]: n }); }}
                />
              </Field>
            ))}
            <ZoneChoice label="Days of the zone" value={r.zone || zone} onChange={(z) => set({ zone: z })} />
          </div>
          <MessageBar intent="info" layout="multiline"><MessageBarBody>{keepsText(r)}. It is applied after each run: points that no rule keeps are deleted for ever.</MessageBarBody></MessageBar>
        </>
      )}
      {draft.id && draft.lastRunId ? (
        <section className={styles.stack} aria-label="What it means for the points that there are" style={{ height: "26rem", flexShrink: 0 }}>
          <Subtitle2 as="h2">What it means for the points that there are</Subtitle2>
          <RetentionPreview jobId={draft.id} retention={settled} />
        </section>
      ) : (
        !all && <Foreseen retention={settled} schedules={draft.schedules} />
      )}
    </>
  );
}
