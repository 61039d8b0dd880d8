import { Button, Card, Checkbox, Dropdown, Field, Input, Link, makeStyles, Option, Radio, RadioGroup, SpinButton, Subtitle2, Switch, ToggleButton, tokens } from "@fluentui/react-components";
import { DeleteRegular } from "@fluentui/react-icons";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import type { AfterJob, Monthly, Periodic, Schedule, Weekly } from "@/gen/holdfast/director/v1/schedule_pb";
import { days, everyDay, fresh, kinds, months, ordinals, type Kind } from "@/parts/schedule/schedules";
import { ZoneChoice } from "@/parts/schedule/ZoneChoice";

const useStyles = makeStyles({
  // In a column that scrolls, a card is not to be squeezed.
  card: { flexShrink: 0 },
  bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  push: { marginLeft: "auto" },
  row: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, alignItems: "flex-start" },
  tight: { display: "flex", flexDirection: "column" },
});

interface Props {
  number: number;
  schedule: Schedule;
  /** Only when it starts: no end, and after no job, as the schedules of repositories are. */
  startsOnly?: boolean;
  /** Jobs that it can follow. */
  others: Job[];
  onChange: (next: Schedule) => void;
  onRemove: () => void;
}

/** One schedule: of a job, or of what is done by the clock otherwise. */
export function ScheduleEditor({ number, schedule: s, startsOnly = false, others, onChange, onRemove }: Props) {
  const styles = useStyles();
  const kind: Kind = s.when.case ?? "weekly";
  const w = s.when;
  return (
    <Card className={styles.card} role="group" aria-label={`Schedule ${number}`}>
      <div className={styles.bar}>
        <Subtitle2 as="h2">Schedule {number}</Subtitle2>
        <Button className={styles.push} appearance="subtle" icon={<DeleteRegular />} aria-label={`Remove schedule ${number}`} onClick={onRemove} />
      </div>
      <div className={styles.row}>
        <Field label="Starts">
          <Dropdown value={kinds.find(([k]) => k === kind)?.[1] ?? ""} selectedOptions={[kind]} onOptionSelect={(_, d) => onChange(fresh(d.optionValue as Kind, s))}>
            {kinds.filter(([k]) => !startsOnly || k !== "afterJob").map(([k, text]) => <Option key={k} value={k}>{text}</Option>)}
          </Dropdown>
        </Field>
        {w.case === "monthly" && <OnDay value={w.value} onChange={(value) => onChange({ ...s, when: { case: "monthly", value } })} />}
        {w.case === "periodic" && <Every value={w.value} onChange={(value) => onChange({ ...s, when: { case: "periodic", value } })} />}
      </div>
      {w.case === "weekly" && <Days value={w.value.days} onChange={(list) => onChange({ ...s, when: { case: "weekly", value: { ...w.value, days: list } } })} />}
      {w.case === "periodic" && <Days value={w.value.days} onChange={(list) => onChange({ ...s, when: { case: "periodic", value: { ...w.value, days: list } } })} />}
      {w.case === "afterJob" && <After value={w.value} others={others} onChange={(value) => onChange({ ...s, when: { case: "afterJob", value } })} />}
      {w.case !== "afterJob" && w.case !== undefined && (
        <div className={styles.row}>
          <Times value={w.value} between={w.case === "periodic"} startsOnly={startsOnly} onChange={(times) => onChange({ ...s, when: { case: w.case, value: { ...w.value, ...times } } as Schedule["when"] })} />
          <ZoneChoice value={s.zone} onChange={(zone) => onChange({ ...s, zone })} />
          <Field label="Effective from" hint="Empty: from now on."><Input type="date" value={s.from} onChange={(_, d) => onChange({ ...s, from: d.value })} /></Field>
        </div>
      )}
    </Card>
  );
}

function Days({ value, onChange }: { value: number[]; onChange: (days: number[]) => void }) {
  const styles = useStyles();
  return (
    <div role="group" aria-label="Days of the week" className={styles.bar}>
      {days.map(([day, name]) => (
        <ToggleButton
          key={day} size="small" appearance={value.includes(day) ? "primary" : "outline"} checked={value.includes(day)}
          onClick={() => onChange(value.includes(day) ? value.filter((d) => d !== day) : [...value, day].sort((a, b) => a - b))}
        >
          {name}
        </ToggleButton>
      ))}
      <Link as="button" onClick={() => onChange(everyDay)}>Every day</Link>
      <Link as="button" onClick={() => onChange([1, 2, 3, 4, 5])}>Monday to Friday</Link>
    </div>
  );
}

function Times({ value, between, startsOnly, onChange }: { value: Weekly | Monthly | Periodic; between: boolean; startsOnly: boolean; onChange: (times: { start: string; end: string }) => void }) {
  return (
    <>
      <Field label={between ? "From" : "At"}><Input type="time" value={value.start} onChange={(_, d) => onChange({ start: d.value, end: value.end })} /></Field>
      {(between || !startsOnly) && <Field label={between ? "To" : "Stop it at"} hint={between ? (startsOnly ? undefined : "A run that goes on past it is stopped.") : value.end ? (value.end <= value.start ? "On the next day." : undefined) : "It runs until it is done."}>
        <div style={{ display: "flex", gap: 8, alignItems: "center" }}>
          <Switch checked={value.end !== ""} aria-label={between ? "With an end" : "Stop it at a time"} onChange={(_, d) => onChange({ start: value.start, end: d.checked ? (between ? "18:00" : "06:00") : "" })} />
          {value.end !== "" && <Input type="time" aria-label={between ? "To" : "Stop it at"} value={value.end} onChange={(_, d) => { if (d.value) onChange({ start: value.start, end: d.value }); }} />}
        </div>
      </Field>}
    </>
  );
}

function OnDay({ value: m, onChange }: { value: Monthly; onChange: (next: Monthly) => void }) {
  const styles = useStyles();
  const byWeekday = m.ordinal !== 0;
  return (
    <>
      <Field label="Month">
        <Dropdown value={m.month === 0 ? "Every month" : months[m.month - 1] ?? ""} selectedOptions={[String(m.month)]} onOptionSelect={(_, d) => onChange({ ...m, month: Number(d.optionValue) })}>
          <Option value="0">Every month</Option>
          {months.map((name, i) => <Option key={name} value={String(i + 1)}>{name}</Option>)}
        </Dropdown>
      </Field>
      <Field label="Day">
        <RadioGroup
          layout="horizontal" aria-label="Which day" value={byWeekday ? "weekday" : "day"}
          onChange={(_, d) => onChange(d.value === "weekday" ? { ...m, day: 0, ordinal: 1, weekday: 6 } : { ...m, day: 1, ordinal: 0, weekday: 0 })}
        >
          <Radio value="day" label="A day of the month" />
          <Radio value="weekday" label="A weekday of it" />
        </RadioGroup>
        <div className={styles.bar}>
          {byWeekday ? (
            <>
              <Dropdown aria-label="Which of them" style={{ minWidth: "7rem" }} value={`The ${ordinals.find(([n]) => n === m.ordinal)?.[1] ?? ""}`} selectedOptions={[String(m.ordinal)]} onOptionSelect={(_, d) => onChange({ ...m, ordinal: Number(d.optionValue) })}>
                {ordinals.map(([n, text]) => <Option key={n} value={String(n)} text={`The ${text}`}>{`The ${text}`}</Option>)}
              </Dropdown>
              <Dropdown aria-label="Weekday" style={{ minWidth: "9rem" }} value={days.find(([n]) => n === m.weekday)?.[1] ?? ""} selectedOptions={[String(m.weekday)]} onOptionSelect={(_, d) => onChange({ ...m, weekday: Number(d.optionValue) })}>
                {days.map(([n, text]) => <Option key={n} value={String(n)}>{text}</Option>)}
              </Dropdown>
            </>
          ) : (
            <Dropdown
              aria-label="Day of the month" value={m.day === -1 ? "The last day" : `Day ${m.day}${m.day > 28 ? " (or the last)" : ""}`} selectedOptions={[String(m.day)]}
              onOptionSelect={(_, d) => onChange({ ...m, day: Number(d.optionValue) })}
            >
              {Array.from({ length: 31 }, (_, i) => i + 1).map((n) => <Option key={n} value={String(n)} text={`Day ${n}`}>{`Day ${n}`}</Option>)}
              <Option value="-1">The last day</Option>
            </Dropdown>
          )}
        </div>
      </Field>
    </>
  );
}

function Every({ value: p, onChange }: { value: Periodic; onChange: (next: Periodic) => void }) {
  const styles = useStyles();
  const hours = p.everyMinutes % 60 === 0;
  return (
    <Field label="Every">
      <div className={styles.bar}>
        <SpinButton
          aria-label="How often" value={hours ? p.everyMinutes / 60 : p.everyMinutes} min={1} max={hours ? 24 : 1440} style={{ width: "6rem" }}
          onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n)) onChange({ ...p, everyMinutes: hours ? n * 60 : n }); }}
        />
        <Dropdown aria-label="Hours or minutes" style={{ minWidth: "7rem" }} value={hours ? "hours" : "minutes"} selectedOptions={[hours ? "hours" : "minutes"]} onOptionSelect={(_, d) => onChange({ ...p, everyMinutes: d.optionValue === "hours" ? 120 : 30 })}>
          <Option value="hours">hours</Option>
          <Option value="minutes">minutes</Option>
        </Dropdown>
      </div>
    </Field>
  );
}

function After({ value: a, others, onChange }: { value: AfterJob; others: Job[]; onChange: (next: AfterJob) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.row}>
      <Field label="Which job" validationMessage={others.length === 0 ? "There is no other job to follow." : undefined} validationState="none">
        <Dropdown placeholder="Choose a job" value={others.find((j) => j.id === a.jobId)?.name ?? ""} selectedOptions={[a.jobId]} onOptionSelect={(_, d) => onChange({ ...a, jobId: d.optionValue ?? "" })}>
          {others.map((j) => <Option key={j.id} value={j.id}>{j.name}</Option>)}
        </Dropdown>
      </Field>
      <Field label="Wait before" hint="Minutes; 0 starts it at once.">
        <SpinButton value={a.delayMinutes} min={0} max={10080} style={{ width: "8rem" }} onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n)) onChange({ ...a, delayMinutes: n }); }} />
      </Field>
      <Field label="After runs that"><div role="group" className={styles.tight}>
        <Checkbox label="succeeded, also with losses" checked={a.successful} onChange={(_, d) => onChange({ ...a, successful: d.checked === true })} />
        <Checkbox label="failed" checked={a.failed} onChange={(_, d) => onChange({ ...a, failed: d.checked === true })} />
        <Checkbox label="were stopped" checked={a.stopped} onChange={(_, d) => onChange({ ...a, stopped: d.checked === true })} />
      </div></Field>
    </div>
  );
}
