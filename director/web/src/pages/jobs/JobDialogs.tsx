import { useState } from "react";
import { Combobox, Field, Input, Option, Radio, RadioGroup, Text } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { changeJob, jobService, jobsChanged } from "@/pages/jobs/api";
import { DeleteJob } from "@/pages/jobs/DeleteJob";
import { useJobs } from "@/pages/jobs/hooks";
import { useJobActions } from "@/pages/jobs/useJobActions";
import { Confirm } from "@/parts/Confirm";
import { counted } from "@/parts/format";
import { useToasts } from "@/parts/Toasts";

/** A question that is open about jobs. */
export type Asked = { what: "clone" | "rename" | "group" | "delete" | "stop"; jobs: Job[] };

interface Props {
  asked: Asked | undefined;
  onClose: () => void;
  onGone?: () => Promise<void> | void;
}

/** The dialogs of jobs: one of them is open, or none. */
export function JobDialogs({ asked, onClose, onGone }: Props) {
  const job = asked?.jobs[0];
  if (!asked || !job) return null;
  switch (asked.what) {
    case "clone": return <Clone job={job} onClose={onClose} />;
    case "rename": return <Rename job={job} onClose={onClose} />;
    case "group": return <Group jobs={asked.jobs} onClose={onClose} />;
    case "delete": return <DeleteJob jobs={asked.jobs} onClose={onClose} onGone={onGone} />;
    case "stop": return <StopRun runId={job.lastRunId} name={job.name} onClose={onClose} />;
  }
}

/** Asks how a run ends. */
export function StopRun({ runId, name, onClose }: { runId: string; name: string; onClose: () => void }) {
  const tell = useToasts();
  const [now, setNow] = useState(false);
  return (
    <Confirm
      open title={`Stop the run of ${name}?`} action="Stop the run" onClose={onClose}
      onConfirm={async () => {
        await jobService.stopRun({ runId, now });
        await jobsChanged();
        tell.done(`${name} is being stopped`);
      }}
    >
      <RadioGroup aria-label="When" value={now ? "now" : "after"} onChange={(_, d) => setNow(d.value === "now")}>
        <Radio value="after" label="After the current message of each mailbox" />
        <Radio value="now" label="Now, in the middle of a message" />
      </RadioGroup>
      <Text>Either way, what was backed up so far stays, and the next run goes on from there.</Text>
    </Confirm>
  );
}

function Clone({ job, onClose }: { job: Job; onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState(`Copy of ${job.name}`);
  return (
    <Confirm
      open title={`Clone ${job.name}`} action="Clone the job" why={!name.trim() && "Give the new job a name."} onClose={onClose}
      onConfirm={async () => {
        const made = await jobService.cloneJob({ jobId: job.id, name: name.trim() });
        await jobsChanged();
        void navigate(`/jobs/${made.job?.id ?? ""}`);
      }}
    >
      <Field label="Name of the new job" hint="It has the same settings and nothing backed up yet. It begins disabled, so that you can change it first.">
        <Input value={name} autoFocus onChange={(_, d) => setName(d.value)} />
      </Field>
    </Confirm>
  );
}

function Rename({ job, onClose }: { job: Job; onClose: () => void }) {
  const tell = useToasts();
  const [name, setName] = useState(job.name);
  return (
    <Confirm
      open title={`Rename ${job.name}`} action="Rename the job" why={!name.trim() && "A job needs a name."} onClose={onClose}
      onConfirm={async () => {
        await changeJob(job.id, (j) => { j.name = name.trim(); });
        tell.done(`The job is called ${name.trim()} now`);
      }}
    >
      <Field label="Name"><Input value={name} autoFocus onChange={(_, d) => setName(d.value)} /></Field>
    </Confirm>
  );
}

function Group({ jobs, onClose }: { jobs: Job[]; onClose: () => void }) {
  const all = useJobs();
  const { setGroup } = useJobActions();
  const [group, setTo] = useState(jobs[0]?.group ?? "");
  return (
    <Confirm
      open title={jobs.length === 1 ? `Group of ${jobs[0]?.name ?? ""}` : `Group of ${counted(jobs.length, "job")}`} action="Set the group" onClose={onClose}
      onConfirm={() => setGroup(jobs, group.trim())}
    >
      <GroupField value={group} jobs={all.data?.jobs ?? []} onChange={setTo} />
    </Confirm>
  );
}

/** Chooses one of the groups that there are, or names another. */
export function GroupField({ value, jobs, onChange }: { value: string; jobs: Job[]; onChange: (group: string) => void }) {
  const groups = [...new Set(jobs.map((j) => j.group).filter((g) => g !== ""))].sort();
  return (
    <Field label="Group" hint="Choose one, or type the name of a new one. Empty for none. Groups order the list of jobs.">
      <Combobox
        freeform value={value} selectedOptions={value ? [value] : []} onChange={(e) => onChange(e.target.value)}
        onOptionSelect={(_, d) => onChange(d.optionText ?? "")}
      >
        {groups.length === 0 && <Option disabled value="" text="">There is no group yet</Option>}
        {groups.map((g) => <Option key={g} value={g}>{g}</Option>)}
      </Combobox>
    </Field>
  );
}
