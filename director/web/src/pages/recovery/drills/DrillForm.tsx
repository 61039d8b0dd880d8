import { useState } from "react";
import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import {
  Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Dropdown, Field, Input, makeStyles, Option, SpinButton, Spinner, Switch, Text, tokens,
} from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { queries } from "@/api/queries";
import { DrillSchema, DrillService, type Drill } from "@/gen/holdfast/director/v1/drill_pb";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import { WeeklySchema, type Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { MailboxChoice } from "@/pages/recovery/MailboxChoice";
import { useAccounts } from "@/pages/recovery/hooks";
import { FaultNote } from "@/parts/FaultNote";
import { ScheduleEditor } from "@/parts/schedule/ScheduleEditor";
import { anyWrong, fresh } from "@/parts/schedule/schedules";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({
  surface: { maxWidth: "44rem" },
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  line: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, alignItems: "flex-end" },
  number: { width: "9rem" },
  choice: { minWidth: "9rem" },
  wide: { flexGrow: 1, minWidth: "12rem" },
});

/** A dialog that sets a drill up, or changes one. */
export function DrillForm({ drill, onClose }: { drill: Drill; onClose: () => void }) {
  const styles = useStyles();
  const tell = useToasts();
  const jobs = useQuery(JobService.method.listJobs, {});
  const accounts = useAccounts();
  const [d, setDrill] = useState(drill);
  const done = () => {
    tell.done(drill.id ? "The drill was changed" : "The drill was set up");
    void queries.invalidateQueries();
    onClose();
  };
  const add = useMutation(DrillService.method.createDrill, { onSuccess: done });
  const update = useMutation(DrillService.method.updateDrill, { onSuccess: done });
  const change = (values: Partial<Drill>) => setDrill(create(DrillSchema, { ...d, ...values }));
  const problem = problemOf(d);
  const busy = add.isPending || update.isPending;
  const save = () => {
    const ready = create(DrillSchema, { ...d, name: d.name.trim() });
    if (drill.id) update.mutate({ drill: ready });
    else add.mutate({ drill: ready });
  };
  const account = accounts.data?.accounts.find((a) => a.id === d.accountId);
  return (
    <Dialog open modalType="alert" onOpenChange={(_, x) => { if (!x.open) onClose(); }}>
      <DialogSurface className={styles.surface} aria-describedby={undefined}>
        <form onSubmit={(e) => { e.preventDefault(); if (!problem && !busy) save(); }}>
          <DialogBody>
            <DialogTitle>{drill.id ? "Change the drill" : "Set up a recovery drill"}</DialogTitle>
            <DialogContent className={styles.form}>
              <Field label="Name" required><Input value={d.name} maxLength={200} onChange={(_, x) => change({ name: x.value })} /></Field>
              <div className={styles.line}>
                <Field label="Backups of the job" required className={styles.wide}>
                  <Dropdown
                    className={styles.choice}
                    value={jobs.data?.jobs.find((j) => j.id === d.jobId)?.name ?? ""} placeholder="Choose a job" selectedOptions={[d.jobId]}
                    onOptionSelect={(_, x) => change({ jobId: x.optionValue ?? "" })}
                  >
                    {(jobs.data?.jobs ?? []).map((j) => <Option key={j.id} value={j.id}>{j.name}</Option>)}
                  </Dropdown>
                </Field>
                <Field label="Mailboxes each time"><SpinButton className={styles.number} min={1} max={100} value={d.mailboxes} onChange={(_, x) => change({ mailboxes: whole(x.value ?? x.displayValue, 100, d.mailboxes) })} /></Field>
                <Field label="Messages of each"><SpinButton className={styles.number} min={1} max={1000} value={d.messages} onChange={(_, x) => change({ messages: whole(x.value ?? x.displayValue, 1000, d.messages) })} /></Field>
              </div>
              <Field label="Account of the test mailbox" required>
                <Dropdown
                  value={account?.name ?? ""} placeholder="Choose an account" selectedOptions={[d.accountId]}
                  onOptionSelect={(_, x) => change({ accountId: x.optionValue ?? "", mailboxId: "" })}
                >
                  {(accounts.data?.accounts ?? []).map((a) => <Option key={a.id} value={a.id}>{a.name}</Option>)}
                </Dropdown>
              </Field>
              {d.accountId && <MailboxChoice accountId={d.accountId} value={d.mailboxId} label="Test mailboxes" onChange={(m) => change({ mailboxId: m.id })} />}
              <Starts schedules={d.schedules} onChange={(schedules) => change({ schedules })} />
              {d.schedules.length > 0 && <Switch label="Start by itself at these times" checked={d.enabled} onChange={(_, x) => change({ enabled: x.checked })} />}
              {problem && <Text>{problem}</Text>}
              {(add.error ?? update.error) != null && <FaultNote title="The drill was not saved" error={add.error ?? update.error} />}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose} disabled={busy}>Cancel</Button>
              <Button type="submit" appearance="primary" disabledFocusable={problem !== undefined || busy} icon={busy ? <Spinner size="tiny" /> : undefined}>
                {drill.id ? "Save" : "Set up"}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

/** What is typed into a field for a count, within its bounds. */
function whole(typed: string | number | null | undefined, most: number, before: number): number {
  const n = Number(typed);
  return Number.isInteger(n) && n >= 1 && n <= most ? n : before;
}

function problemOf(d: Drill): string | undefined {
  if (d.name.trim() === "") return "Give the drill a name.";
  if (d.jobId === "") return "Choose the job whose backups are tried.";
  if (d.mailboxId === "") return "Choose the test mailbox: best one that nobody uses.";
  return anyWrong(d.schedules);
}

/** A drill that begins to start by itself does so each Sunday at three. */
const sundays = (): Schedule => ({ ...fresh("weekly"), when: { case: "weekly", value: create(WeeklySchema, { days: [0], start: "03:00" }) } });

function Starts({ schedules, onChange }: { schedules: Schedule[]; onChange: (next: Schedule[]) => void }) {
  const styles = useStyles();
  return (
    <>
      {schedules.map((s, i) => (
        <ScheduleEditor
          key={i} number={i + 1} schedule={s} startsOnly others={[]} onChange={(next) => onChange(schedules.map((x, n) => (n === i ? next : x)))}
          onRemove={() => onChange(schedules.filter((_, n) => n !== i))}
        />
      ))}
      <div className={styles.line}>
        <Button icon={<AddRegular />} onClick={() => onChange([...schedules, sundays()])}>{schedules.length === 0 ? "Add a schedule" : "Add another schedule"}</Button>
        {schedules.length === 0 && <Text>Without one it is done only when told to.</Text>}
      </div>
    </>
  );
}
