import { useMemo, useState } from "react";
import { Button, Link, Text, Tooltip } from "@fluentui/react-components";
import { ChevronDownRegular, ChevronRightRegular, PlayRegular, StopRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { lines, type Line } from "@/pages/jobs/grouped";
import type { useNames } from "@/pages/jobs/hooks";
import type { Asked } from "@/pages/jobs/JobDialogs";
import { JobMenu } from "@/pages/jobs/JobMenu";
import { RunBadge, StateBadge, stateOf } from "@/pages/jobs/status";
import { useJobStyles } from "@/pages/jobs/styles";
import { useJobActions, useWhyNotRun } from "@/pages/jobs/useJobActions";
import { sourceText, startsText } from "@/pages/jobs/words";
import { Explained } from "@/parts/Explained";
import { Grid, type Column, type Sort } from "@/parts/Grid";
import { ago } from "@/parts/format";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

interface Props {
  jobs: Job[];
  names: ReturnType<typeof useNames>;
  ask: (asked: Asked) => void;
  selected: ReadonlySet<string>;
  onSelect: (ids: Set<string>) => void;
  empty: string;
}

/** The list of jobs, under their groups. */
export function JobsGrid({ jobs, names, ask, selected, onSelect, empty }: Props) {
  const navigate = useNavigate();
  const [sort, setSort] = useState<Sort>({ key: "name", down: false });
  const [closed, setClosed] = useState<Set<string>>(() => new Set());
  const list = useMemo(() => lines(jobs, closed, sort), [jobs, closed, sort]);
  const toggle = (name: string) => setClosed((c) => {
    const next = new Set(c);
    if (!next.delete(name)) next.add(name);
    return next;
  });
  const columns: Column<Line>[] = [
    { key: "name", title: "Name", width: "minmax(10rem, 1fr)", sortable: true, cell: (l) => (l.kind === "group" ? <GroupName line={l} onToggle={toggle} /> : <Name job={l.job} />) },
    { key: "state", title: "State", width: "7rem", cell: (l) => l.kind === "job" && <StateBadge job={l.job} /> },
    { key: "source", title: "Backs up", width: "minmax(10rem, 1.3fr)", above: 1060, cell: (l) => l.kind === "job" && <Cut text={sourceText(l.job.source, names.accounts)} /> },
    { key: "starts", title: "Starts", width: "minmax(8rem, 1fr)", above: 900, cell: (l) => l.kind === "job" && <Cut text={startsText(l.job)} /> },
    { key: "next", title: "Next start", width: "8rem", sortable: true, above: 620, cell: (l) => l.kind === "job" && <When at={l.job.nextStart} none="—" /> },
    { key: "last", title: "Last result", width: "13rem", sortable: true, cell: (l) => l.kind === "job" && <Last job={l.job} /> },
    { key: "do", title: "Actions", width: "76px", quiet: true, cell: (l) => l.kind === "job" && <Buttons job={l.job} ask={ask} /> },
  ];
  const idsOf = (l: Line) => (l.kind === "group" ? l.jobs.map((j) => j.id) : [l.job.id]);
  const set = (ids: string[], on: boolean) => {
    const next = new Set(selected);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    onSelect(next);
  };
  const here = jobs.filter((j) => selected.has(j.id)).length;
  return (
    <Grid
      label="Jobs" columns={columns} count={list.length} row={(i) => list[i]} sort={sort} onSort={setSort} empty={empty}
      rowKey={(l) => (l.kind === "group" ? `group ${l.name}` : l.job.id)}
      onOpen={(l) => (l.kind === "group" ? toggle(l.name) : void navigate(`/jobs/${l.job.id}`))}
      selection={{
        has: (l) => idsOf(l).every((id) => selected.has(id)),
        set: (rows, on) => set(rows.flatMap(idsOf), on),
        all: { state: here === 0 ? false : here === jobs.length ? true : "mixed", set: (on) => set(jobs.map((j) => j.id), on) },
        name: (l) => (l.kind === "group" ? `Select all jobs ${l.name ? `of ${l.name}` : "in no group"}` : `Select ${l.job.name}`),
      }}
    />
  );
}

function GroupName({ line, onToggle }: { line: Extract<Line, { kind: "group" }>; onToggle: (name: string) => void }) {
  const name = line.name || "In no group";
  return (
    <Button
      appearance="transparent" size="small" icon={line.open ? <ChevronDownRegular /> : <ChevronRightRegular />} aria-expanded={line.open}
      style={{ paddingLeft: 0, justifyContent: "flex-start", minWidth: 0 }} onClick={() => onToggle(line.name)}
    >
      <Text weight="semibold">{name} ({line.jobs.length})</Text>
    </Button>
  );
}

function Name({ job }: { job: Job }) {
  const navigate = useNavigate();
  return <Link href={`/jobs/${job.id}`} onClick={(e) => { e.preventDefault(); void navigate(`/jobs/${job.id}`); }}>{job.name}</Link>;
}

function Cut({ text }: { text: string }) {
  return <Tooltip content={text} relationship="label"><span>{text}</span></Tooltip>;
}

function Last({ job }: { job: Job }) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  if (!job.lastRunId) return <span className={styles.soft}>Never ran</span>;
  const to = `/runs/${job.lastRunId}`;
  return (
    <span className={styles.cell}>
      <RunBadge status={job.lastStatus} />
      <Link href={to} className={styles.cut} onClick={(e) => { e.preventDefault(); void navigate(to); }} aria-label={`${ago(job.lastStart)}: the last run of ${job.name}`}><When at={job.lastStart} /></Link>
    </span>
  );
}

function Buttons({ job, ask }: { job: Job; ask: (asked: Asked) => void }) {
  const styles = useJobStyles();
  const { runMany } = useJobActions();
  const why = useWhyNotRun()(job);
  const forbidden = useForbidden(Role.OPERATOR);
  return (
    <span className={styles.buttons}>
      {stateOf(job) === "running" ? (
        <Explained appearance="subtle" icon={<StopRegular />} aria-label={`Stop ${job.name}`} why={forbidden} onClick={() => ask({ what: "stop", jobs: [job] })} />
      ) : (
        <Explained appearance="subtle" icon={<PlayRegular />} aria-label={`Run ${job.name}`} why={why} onClick={() => void runMany([job])} />
      )}
      <JobMenu job={job} ask={ask} />
    </span>
  );
}
