import { useState } from "react";
import { Card, Checkbox, Dropdown, Field, Input, Option, Radio, RadioGroup, SpinButton, Subtitle2, Switch, Text } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { JobOptionsSchema, ReportsSchema, ReportWhen, WhenDetached, type Job, type JobOptions } from "@/gen/holdfast/director/v1/job_pb";
import { useJobs, useNames } from "@/pages/jobs/hooks";
import { GroupField } from "@/pages/jobs/JobDialogs";
import { splitAddresses } from "@/pages/jobs/options";
import { ScriptFields } from "@/pages/jobs/ScriptFields";
import { useJobStyles } from "@/pages/jobs/styles";

interface Props {
  draft: Job;
  change: (next: Job) => void;
}

const whens: [ReportWhen, string][] = [
  [ReportWhen.ALWAYS, "Every run"], [ReportWhen.NOT_SUCCESSFUL, "Runs that are incomplete, failed or stopped"], [ReportWhen.FAILED, "Runs that failed"],
];

/** What a job is called, whom it tells, and how it works. */
export function OptionsStep({ draft, change }: Props) {
  const styles = useJobStyles();
  const jobs = useJobs();
  return (
    <div className={styles.stack} style={{ maxWidth: "60rem" }}>
      <Card>
        <Subtitle2 as="h2">Job</Subtitle2>
        <div className={styles.row}>
          <Field label="Name" required style={{ flexGrow: 1, minWidth: "16rem" }}><Input value={draft.name} maxLength={200} onChange={(_, d) => change({ ...draft, name: d.value })} /></Field>
          <GroupField value={draft.group} jobs={jobs.data?.jobs ?? []} onChange={(group) => change({ ...draft, group })} />
        </div>
        <Switch label={draft.enabled ? "Enabled: it starts by its schedules, and can be run" : "Disabled: it does not start, and cannot be run"} checked={draft.enabled} onChange={(_, d) => change({ ...draft, enabled: d.checked })} />
      </Card>
      <Reports draft={draft} change={change} />
      <What draft={draft} change={change} />
      <Load draft={draft} change={change} />
      <Card>
        <Subtitle2 as="h2">Scripts</Subtitle2>
        <ScriptFields when="before each run" script={draft.before} onChange={(before) => change({ ...draft, before })} />
        <ScriptFields when="after each run" script={draft.after} onChange={(after) => change({ ...draft, after })} />
      </Card>
    </div>
  );
}

function Reports({ draft, change }: Props) {
  const styles = useJobStyles();
  const [text, setText] = useState((draft.reports?.addresses ?? []).join("; "));
  const when = draft.reports?.when || ReportWhen.ALWAYS;
  const set = (addresses: string[], next: ReportWhen) => change({ ...draft, reports: addresses.length > 0 ? create(ReportsSchema, { addresses, when: next }) : undefined });
  return (
    <Card>
      <Subtitle2 as="h2">E-mail reports</Subtitle2>
      <div className={styles.row}>
        <Field label="To" hint="Addresses, separated by semicolons. Empty sends none for this job alone." style={{ flexGrow: 1, minWidth: "16rem" }}>
          <Input value={text} spellCheck={false} placeholder="it@example.com; boss@example.com" onChange={(_, d) => { setText(d.value); set(splitAddresses(d.value), when); }} />
        </Field>
        <Field label="Of">
          <Dropdown value={whens.find(([w]) => w === when)?.[1] ?? ""} selectedOptions={[String(when)]} disabled={!draft.reports} onOptionSelect={(_, d) => set(draft.reports?.addresses ?? [], Number(d.optionValue))} style={{ minWidth: "20rem" }}>
            {whens.map(([w, name]) => <Option key={w} value={String(w)}>{name}</Option>)}
          </Dropdown>
        </Field>
      </div>
    </Card>
  );
}

function optionsOf(draft: Job): JobOptions {
  return draft.options ?? create(JobOptionsSchema);
}

function What({ draft, change }: Props) {
  const styles = useJobStyles();
  const o = optionsOf(draft);
  const set = (next: Partial<JobOptions>) => change({ ...draft, options: { ...o, ...next } });
  const box = (key: "hiddenFolders" | "recoverableItems" | "evidenceCopy", label: string, about: string) => (
    <div><Checkbox label={label} checked={o[key]} onChange={(_, d) => set({ [key]: d.checked === true })} /><Text block size={200} className={styles.soft} style={{ paddingLeft: 36 }}>{about}</Text></div>
  );
  return (
    <Card>
      <Subtitle2 as="h2">What is taken too</Subtitle2>
      {box("hiddenFolders", "Hidden folders", "Folders that Outlook does not show, of programs mostly.")}
      {box("recoverableItems", "Recoverable Items", "What was deleted from Deleted Items, as long as Microsoft keeps it.")}
      {box("evidenceCopy", "An evidence copy of each message", "The original in its MIME form, as it came, besides the message itself. Needs more requests and more space.")}
    </Card>
  );
}

function Load({ draft, change }: Props) {
  const styles = useJobStyles();
  const names = useNames();
  const o = optionsOf(draft);
  const set = (next: Partial<JobOptions>) => change({ ...draft, options: { ...o, ...next } });
  const whole = (min: number, max: number, to: (n: number) => void) => (_: unknown, d: { value?: number | null; displayValue?: string }) => {
    const n = d.value ?? Number(d.displayValue);
    if (Number.isInteger(n) && n >= min && n <= max) to(n);
  };
  const list = names.transporterList ?? [];
  const retries = o.retries ?? 1;
  return (
    <Card>
      <Subtitle2 as="h2">Work</Subtitle2>
      <div className={styles.row}>
        <Field label="Mailboxes at once" hint="At most; Transporters have a limit of their own."><SpinButton value={o.maxTasks || 3} min={1} max={1000} onChange={whole(1, 1000, (maxTasks) => set({ maxTasks }))} /></Field>
        <Field label="Try failed mailboxes again" hint="Times, within the run."><SpinButton value={retries} min={0} max={10} onChange={whole(0, 10, (n) => set({ retries: n }))} /></Field>
        {retries > 0 && <Field label="After" hint="Minutes"><SpinButton value={o.retryMinutes || 5} min={1} max={1440} onChange={whole(1, 1440, (retryMinutes) => set({ retryMinutes }))} /></Field>}
      </div>
      <Field label="Who may read from Microsoft">
        <RadioGroup
          aria-label="Who may read from Microsoft" value={o.transporterIds.length === 0 ? "any" : "some"}
          onChange={(_, d) => set({ transporterIds: d.value === "any" ? [] : list.slice(0, 1).map((t) => t.id) })}
        >
          <Radio value="any" label="Any Transporter" />
          <Radio value="some" label="Only these" />
        </RadioGroup>
        {o.transporterIds.length > 0 && (
          <div role="group" aria-label="Transporters" style={{ paddingLeft: 28, display: "flex", flexDirection: "column" }}>
            {list.map((t) => (
              <Checkbox
                key={t.id} label={t.reachable ? t.name : `${t.name} (out of reach now)`} checked={o.transporterIds.includes(t.id)}
                disabled={o.transporterIds.length === 1 && o.transporterIds[0] === t.id}
                onChange={(_, d) => set({ transporterIds: d.checked === true ? [...o.transporterIds, t.id] : o.transporterIds.filter((id) => id !== t.id) })}
              />
            ))}
          </div>
        )}
      </Field>
      <Field label="When a repository is detached">
        <RadioGroup value={o.whenDetached === WhenDetached.WAIT ? "wait" : "fail"} onChange={(_, d) => set({ whenDetached: d.value === "wait" ? WhenDetached.WAIT : WhenDetached.FAIL })}>
          <Radio value="fail" label="Its mailboxes fail" />
          <Radio value="wait" label="The run waits until it is attached, up to the end of the run" />
        </RadioGroup>
      </Field>
    </Card>
  );
}
