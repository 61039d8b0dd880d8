import { Button, Text, Toolbar } from "@fluentui/react-components";
import { DeleteRegular, DismissRegular, FolderRegular, PauseRegular, PlayRegular, PlayCircleRegular } from "@fluentui/react-icons";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import type { Asked } from "@/pages/jobs/JobDialogs";
import { useJobActions, useWhyNotRun } from "@/pages/jobs/useJobActions";
import { Explained } from "@/parts/Explained";
import { Role, useForbidden } from "@/session/me";

/** What can be done to all chosen jobs together. */
export function Chosen({ jobs, ask, clear }: { jobs: Job[]; ask: (asked: Asked) => void; clear: () => void }) {
  const { runMany, setEnabled } = useJobActions();
  const whyNotRun = useWhyNotRun();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const ready = jobs.filter((j) => !whyNotRun(j));
  const first = jobs[0];
  const draft = jobs.find((j) => j.draft);
  const deleting = jobs.find((j) => j.deletion);
  const why = forbidden ?? (deleting && `${deleting.name} is being deleted.`);
  return (
    <Toolbar aria-label="What to do with the chosen jobs" style={{ flexWrap: "wrap" }}>
      <Text>{jobs.length} chosen</Text>
      <Explained appearance="subtle" icon={<PlayRegular />} why={ready.length === 0 && first && whyNotRun(first)} onClick={() => void runMany(ready)}>Run</Explained>
      <Explained
        appearance="subtle" icon={<PlayCircleRegular />} onClick={() => void setEnabled(jobs, true)}
        why={why ?? (draft ? `${draft.name} is a draft. Finish it first.` : jobs.every((j) => j.enabled) && "They are enabled already.")}
      >
        Enable
      </Explained>
      <Explained
        appearance="subtle" icon={<PauseRegular />} why={why ?? (jobs.every((j) => !j.enabled) && "They are disabled already.")}
        onClick={() => void setEnabled(jobs, false)}
      >
        Disable
      </Explained>
      <Explained appearance="subtle" icon={<FolderRegular />} why={why} onClick={() => ask({ what: "group", jobs })}>Group…</Explained>
      <Explained appearance="subtle" icon={<DeleteRegular />} why={why} onClick={() => ask({ what: "delete", jobs })}>Delete…</Explained>
      <Button appearance="subtle" icon={<DismissRegular />} onClick={clear}>Clear</Button>
    </Toolbar>
  );
}
