import { useMemo, useState } from "react";
import { Dropdown, Option, SearchBox } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useNavigate, useSearchParams } from "react-router";
import { shown, shows, type Show } from "@/pages/jobs/grouped";
import { useJobs, useNames } from "@/pages/jobs/hooks";
import { JobDialogs, type Asked } from "@/pages/jobs/JobDialogs";
import { JobsGrid } from "@/pages/jobs/JobsGrid";
import { NoJobs } from "@/pages/jobs/NoJobs";
import { Chosen } from "@/pages/jobs/Chosen";
import { useJobStyles } from "@/pages/jobs/styles";
import { Explained } from "@/parts/Explained";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Role, useForbidden } from "@/session/me";

/** All jobs: what they do, when they start, how they went. */
export function JobsPage() {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [selected, setSelected] = useState<Set<string>>(() => new Set());
  const [asked, ask] = useState<Asked>();
  const jobs = useJobs();
  const names = useNames();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const q = params.get("q") ?? "";
  const show = (params.get("show") ?? "all") as Show;
  const set = (key: string, value: string) => setParams((p) => {
    if (value) p.set(key, value);
    else p.delete(key);
    return p;
  }, { replace: true });
  const all = jobs.data?.jobs;
  const visible = useMemo(() => {
    const wanted = q.trim().toLowerCase();
    return (all ?? []).filter((j) => shown(j, show) && (j.name.toLowerCase().includes(wanted) || j.group.toLowerCase().includes(wanted)));
  }, [all, q, show]);
  const chosen = (all ?? []).filter((j) => selected.has(j.id));
  const add = (
    <Explained appearance="primary" icon={<AddRegular />} why={forbidden} onClick={() => void navigate("/jobs/new/source")}>New job</Explained>
  );
  return (
    <Page title="Jobs" about="What is backed up, where to, and when." actions={all && all.length > 0 && add} filled>
      <Loaded query={jobs} what="The jobs">
        {(data) => data.jobs.length === 0 ? <NoJobs names={names} add={add} /> : (
          <>
            <div className={styles.bar}>
              <SearchBox className={styles.search} aria-label="Search jobs" placeholder="Search jobs" value={q} onChange={(_, d) => set("q", d.value)} />
              <Dropdown
                className={styles.filter} aria-label="Which jobs" value={shows.find(([key]) => key === show)?.[1] ?? ""} selectedOptions={[show]}
                onOptionSelect={(_, d) => set("show", d.optionValue === "all" ? "" : d.optionValue ?? "")}
              >
                {shows.map(([key, text]) => <Option key={key} value={key}>{text}</Option>)}
              </Dropdown>
              {chosen.length > 0 && <Chosen jobs={chosen} ask={ask} clear={() => setSelected(new Set())} />}
            </div>
            <JobsGrid
              jobs={visible} names={names} ask={ask} selected={selected} onSelect={setSelected}
              empty={q ? `No job here contains “${q.trim()}”.` : "No job is like that."}
            />
          </>
        )}
      </Loaded>
      <JobDialogs asked={asked} onClose={() => ask(undefined)} onGone={() => setSelected(new Set())} />
    </Page>
  );
}
