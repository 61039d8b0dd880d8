import { useState } from "react";
import { Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, SplitButton } from "@fluentui/react-components";
import { PlayRegular } from "@fluentui/react-icons";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { RunSome } from "@/pages/jobs/RunSome";
import { useJobActions, useWhyNotRun } from "@/pages/jobs/useJobActions";
import { Explained } from "@/parts/Explained";

/** Whether the last run left mailboxes without a point. */
export function hasFailed(job: Job): boolean {
  return job.lastStatus === RunStatus.FAILED || job.lastStatus === RunStatus.STOPPED;
}

/** Runs a job: all of its mailboxes, those that failed, or some that are chosen. */
export function RunButton({ job }: { job: Job }) {
  const { runAndShow } = useJobActions();
  const why = useWhyNotRun()(job);
  const [choosing, setChoosing] = useState(false);
  if (why) return <Explained appearance="primary" icon={<PlayRegular />} why={why}>Run</Explained>;
  return (
    <>
      <Menu positioning="below-end">
        <MenuTrigger disableButtonEnhancement>
          {(trigger) => (
            <SplitButton
              appearance="primary" icon={<PlayRegular />} menuButton={{ ...trigger, "aria-label": "Run a part of it" }}
              primaryActionButton={{ onClick: () => void runAndShow(job) }}
            >
              Run
            </SplitButton>
          )}
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => void runAndShow(job)}>All mailboxes</MenuItem>
            <MenuItem onClick={() => setChoosing(true)}>Chosen mailboxes…</MenuItem>
            <MenuItem
              disabled={!hasFailed(job)} secondaryContent={hasFailed(job) ? undefined : "none failed in the last run"}
              onClick={() => void runAndShow(job, { failedOnly: true })}
            >
              Mailboxes that failed
            </MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {choosing && <RunSome job={job} onClose={() => setChoosing(false)} />}
    </>
  );
}
