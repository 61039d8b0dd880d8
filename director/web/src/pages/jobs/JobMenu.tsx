import { Menu, MenuButton, MenuDivider, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import {
  CopyRegular, DeleteRegular, EditRegular, FolderRegular, MoreHorizontalRegular, PauseRegular, PlayRegular, RenameRegular,
} from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Job } from "@/gen/holdfast/director/v1/job_pb";
import type { Asked } from "@/pages/jobs/JobDialogs";
import { useJobActions } from "@/pages/jobs/useJobActions";
import { Role, useForbidden } from "@/session/me";

interface Props {
  job: Job;
  ask: (asked: Asked) => void;
  /** Without "Edit", where there is a button for it. */
  short?: boolean;
}

/** What else can be done to a job. */
export function JobMenu({ job, ask, short }: Props) {
  const navigate = useNavigate();
  const { setEnabled } = useJobActions();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const gone = job.deletion ? "being deleted" : undefined;
  const off = forbidden ? "administrators only" : gone;
  const item = { disabled: off !== undefined, secondaryContent: off };
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <MenuButton appearance={short ? "secondary" : "subtle"} icon={<MoreHorizontalRegular />} menuIcon={null} aria-label={`More for ${job.name}`} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {!short && <MenuItem icon={<EditRegular />} {...item} onClick={() => void navigate(`/jobs/${job.id}/edit/source`)}>Edit</MenuItem>}
          <MenuItem icon={<CopyRegular />} {...item} onClick={() => ask({ what: "clone", jobs: [job] })}>Clone…</MenuItem>
          <MenuItem icon={<RenameRegular />} {...item} onClick={() => ask({ what: "rename", jobs: [job] })}>Rename…</MenuItem>
          <MenuItem icon={<FolderRegular />} {...item} onClick={() => ask({ what: "group", jobs: [job] })}>Group…</MenuItem>
          {job.enabled ? (
            <MenuItem icon={<PauseRegular />} {...item} onClick={() => void setEnabled([job], false)}>Disable</MenuItem>
          ) : (
            <MenuItem
              icon={<PlayRegular />} disabled={off !== undefined || job.draft} secondaryContent={off ?? (job.draft ? "finish the draft first" : undefined)}
              onClick={() => void setEnabled([job], true)}
            >
              Enable
            </MenuItem>
          )}
          <MenuDivider />
          <MenuItem icon={<DeleteRegular />} disabled={forbidden !== undefined} secondaryContent={forbidden ? "administrators only" : undefined} onClick={() => ask({ what: "delete", jobs: [job] })}>
            {job.deletion ? "End the deletion…" : "Delete…"}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
