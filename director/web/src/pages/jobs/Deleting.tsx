import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import type { Asked } from "@/pages/jobs/JobDialogs";
import { counted } from "@/parts/format";
import { Role, useForbidden } from "@/session/me";

/** How far the deletion of a job with its backups is. */
export function Deleting({ job, ask }: { job: Job; ask: (asked: Asked) => void }) {
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const places = job.deletion?.places ?? [];
  const waits = places.some((p) => p.waiting);
  return (
    <MessageBar intent={waits ? "warning" : "info"} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>It is being deleted with its backups.</MessageBarTitle>
        {places.map((p) => (
          <div key={p.repositoryId}>
            {p.name}: {counted(p.deleted, "recovery point")} deleted{p.done ? ", done" : " so far"}{p.waiting && `; it waits: ${p.waiting}`}.
          </div>
        ))}
        It goes on by itself, also after a restart.
      </MessageBarBody>
      {!forbidden && <MessageBarActions><Button onClick={() => ask({ what: "delete", jobs: [job] })}>End the deletion…</Button></MessageBarActions>}
    </MessageBar>
  );
}
