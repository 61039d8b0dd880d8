import { useMemo, useState } from "react";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { JobSchema, type Job } from "@/gen/holdfast/director/v1/job_pb";
import { jobService, jobsChanged } from "@/pages/jobs/api";
import { DestinationStep } from "@/pages/jobs/DestinationStep";
import { FinishStep, type RunScope } from "@/pages/jobs/FinishStep";
import { useJobs, useNames } from "@/pages/jobs/hooks";
import { idOf } from "@/pages/jobs/keys";
import { optionsProblem, suggestedName } from "@/pages/jobs/options";
import { OptionsStep } from "@/pages/jobs/OptionsStep";
import { RetentionStep } from "@/pages/jobs/RetentionStep";
import { ScheduleStep } from "@/pages/jobs/ScheduleStep";
import { unplaced } from "@/pages/jobs/source";
import { SourceStep } from "@/pages/jobs/SourceStep";
import type { Crumb } from "@/parts/Page";
import { anyWrong } from "@/parts/schedule/schedules";
import { useToasts } from "@/parts/Toasts";
import { Wizard, type Finish, type Keep, type Step } from "@/parts/Wizard";
import { Role, useForbidden } from "@/session/me";

/** How many mailboxes a draft names at most to be kept over a reload: writing more at every click takes too long. */
const mostKept = 5_000;

function save(draft: Job): string | undefined {
  const named = (draft.source?.items.length ?? 0) + (draft.source?.excludedMailboxIds.length ?? 0) + (draft.destination?.mailboxes.length ?? 0);
  return named > mostKept ? undefined : toJsonString(JobSchema, draft);
}

interface Props {
  title: string;
  crumbs: Crumb[];
  /** The address of the wizard. */
  base: string;
  back: string;
  initial: Job;
}

/** The wizard of a job, new or stored: from what is backed up to the end, or to a run. */
export function JobWizard({ title, crumbs, base, back, initial }: Props) {
  const tell = useToasts();
  const jobs = useJobs();
  const names = useNames();
  const [scope, setScope] = useState<RunScope>({ of: "all", chosen: new Set() });
  const others = (jobs.data?.jobs ?? []).filter((j) => j.id !== initial.id);
  const stored = initial.id !== "";
  const keep = useMemo<Keep<Job>>(() => ({
    key: `holdfast.job.${initial.id || "new"}`, save,
    load: (text) => {
      const draft = fromJsonString(JobSchema, text);
      // One that began before somebody else's change could not be saved: it begins anew with what is stored.
      return draft.edition === initial.edition ? draft : undefined;
    },
  }), [initial.id, initial.edition]);

  const steps: Step<Job>[] = [
    {
      key: "source", title: "Source", problem: (d) => ((d.source?.items ?? []).length === 0 ? "Choose at least one account or mailbox." : undefined),
      content: (d, change) => <SourceStep draft={d} change={(next) => change(named(next))} />,
    },
    { key: "destination", title: "Destination", problem: (d) => (unplaced(d) ? "Choose the repository that backups go to." : undefined), content: (d, change) => <DestinationStep draft={d} change={change} /> },
    { key: "schedule", title: "Schedule", problem: (d) => anyWrong(d.schedules), content: (d, change) => <ScheduleStep draft={d} change={change} /> },
    { key: "retention", title: "Retention", content: (d, change) => <RetentionStep draft={d} change={change} /> },
    { key: "options", title: "Options", problem: (d) => optionsProblem(d, others), content: (d, change) => <OptionsStep draft={d} change={change} /> },
    { key: "finish", title: "Finish", content: (d) => <FinishStep draft={d} scope={scope} onScope={setScope} /> },
  ];

  const forbidden = useForbidden(Role.ADMINISTRATOR);
  /** A new job is called by what it backs up, until somebody names it. */
  const named = (d: Job): Job => {
    if (stored || (d.name !== "" && !d.name.startsWith("Mail of "))) return d;
    const accounts = [...new Set((d.source?.items ?? []).map((i) => names.accounts.get(i.accountId)).filter((n) => n !== undefined))];
    return { ...d, name: accounts.length === 0 ? "" : suggestedName(accounts.slice(0, 2).join(" and "), others) };
  };
  const put = async (draft: Job): Promise<Job> => {
    const job = { ...draft, name: draft.name.trim() };
    const saved = stored ? (await jobService.updateJob({ job })).job : (await jobService.createJob({ job })).job;
    await jobsChanged();
    return saved ?? job;
  };
  const finish: Finish<Job>[] = [
    ...(stored && !initial.draft ? [] : [{
      title: "Save as a draft", always: true, early: true, why: () => forbidden,
      act: async (d: Job) => {
        const saved = await put({ ...d, draft: true, enabled: false, name: d.name.trim() || suggestedName("", others) });
        tell.done(`${saved.name} was saved as a draft`, "It neither starts nor runs until it is finished.");
        return `/jobs/${saved.id}`;
      },
    }]),
    {
      title: "Finish", always: stored && !initial.draft, why: () => forbidden,
      act: async (d) => {
        const saved = await put({ ...d, draft: false });
        tell.done(`${saved.name} was saved`);
        return `/jobs/${saved.id}`;
      },
    },
    {
      title: "Finish & Run", primary: true,
      why: (d) => forbidden ?? (!d.enabled ? "It is disabled. Enable it among the options to run it." : scope.of === "chosen" && scope.chosen.size === 0 ? "Choose the mailboxes to run." : undefined),
      act: async (d) => {
        const saved = await put({ ...d, draft: false });
        try {
          const { run } = await jobService.runJob({ jobId: saved.id, failedOnly: scope.of === "failed", mailboxIds: scope.of === "chosen" ? [...scope.chosen].map(idOf) : [] });
          await jobsChanged();
          return `/runs/${run?.id ?? ""}`;
        } catch (e) {
          tell.failed(`${saved.name} was saved, and not started`, e);
          return `/jobs/${saved.id}`;
        }
      },
    },
  ];
  return <Wizard across title={title} crumbs={crumbs} base={base} back={back} steps={steps} initial={initial} keep={keep} finish={finish} />;
}
