import { useState } from "react";
import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { AddRegular, MoreHorizontalRegular, ShieldCheckmarkRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import { queries } from "@/api/queries";
import { DrillSchema, DrillService, type Drill } from "@/gen/holdfast/director/v1/drill_pb";
import { Status } from "@/pages/activities/Status";
import { DrillForm } from "@/pages/recovery/drills/DrillForm";
import { Confirm } from "@/parts/Confirm";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { EmptyState } from "@/parts/EmptyState";
import { Explained } from "@/parts/Explained";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

/** An item of a menu that says why it cannot be chosen. */
const held = (why: string | undefined) => ({ disabled: why !== undefined, secondaryContent: why });

/** Recovery drills: the proof by doing that backups can be recovered. */
export function DrillsPage() {
  const navigate = useNavigate();
  const tell = useToasts();
  const query = useQuery(DrillService.method.listDrills, {}, { refetchInterval: 10_000 });
  const why = useForbidden(Role.ADMINISTRATOR);
  const notToChange = why ? "administrators only" : undefined;
  const notToRun = useForbidden(Role.OPERATOR) ? "operators only" : undefined;
  const [form, setForm] = useState<Drill>();
  const [doomed, setDoomed] = useState<Drill>();
  const run = useMutation(DrillService.method.runDrill, {
    onSuccess: (r) => void navigate(`/activities/${r.activityId}`), onError: (e) => tell.failed("The drill was not started", e),
  });
  const remove = useMutation(DrillService.method.deleteDrill, { onSuccess: () => void queries.invalidateQueries() });
  const list = query.data?.drills ?? [];
  const add = (
    <Explained appearance="primary" icon={<AddRegular />} why={why} onClick={() => setForm(create(DrillSchema, { mailboxes: 3, messages: 20, enabled: true }))}>
      Set up a drill
    </Explained>
  );
  const columns: DataColumn<Drill>[] = [
    { key: "name", title: "Drill", width: "minmax(9rem, 2fr)", cell: (d) => d.name, value: (d) => d.name },
    { key: "when", title: "Starts", width: "minmax(9rem, 2fr)", above: 560, cell: (d) => (d.schedules.length === 0 ? "Only when told to" : `${d.schedules.map((s) => s.text).join("; ")}${d.enabled ? "" : " (switched off)"}`) },
    { key: "next", title: "Next", width: "8rem", above: 760, cell: (d) => <When at={d.nextStart} none="—" />, value: (d) => d.nextStart?.seconds },
    { key: "last", title: "Last result", width: "8.5rem", cell: (d) => (d.lastActivityId ? <Status status={d.lastStatus} /> : d.lastError || "Never done"), value: (d) => d.lastStatus },
    { key: "at", title: "Last done", width: "8rem", above: 660, cell: (d) => <When at={d.lastStarted} none="—" />, value: (d) => d.lastStarted?.seconds },
    {
      key: "do", title: "Actions", width: "44px", quiet: true,
      cell: (d) => (
        <Menu>
          <MenuTrigger disableButtonEnhancement><MenuButton appearance="subtle" size="small" icon={<MoreHorizontalRegular />} menuIcon={null} aria-label={`Actions for ${d.name}`} /></MenuTrigger>
          <MenuPopover>
            <MenuList>
              <MenuItem {...held(notToRun)} onClick={() => run.mutate({ drillId: d.id })}>Run now</MenuItem>
              <MenuItem {...held(d.lastActivityId ? undefined : "there is none yet")} onClick={() => void navigate(`/activities/${d.lastActivityId}`)}>Show the last report</MenuItem>
              <MenuItem {...held(notToChange)} onClick={() => setForm(d)}>Change</MenuItem>
              <MenuItem {...held(notToChange)} onClick={() => setDoomed(d)}>Delete</MenuItem>
            </MenuList>
          </MenuPopover>
        </Menu>
      ),
    },
  ];
  return (
    <Page
      title="Recovery drills" crumbs={[{ text: "Recovery", to: "/recovery" }]} actions={list.length > 0 && add} filled
      about="A drill recovers a sample of messages into a test mailbox, reads it back, compares it field by field with what is kept, and removes it again."
    >
      <Loaded query={query} what="The drills">
        {() => (list.length === 0 ? (
          <EmptyState icon={<ShieldCheckmarkRegular />} title="No drill yet" actions={add}>
            A backup is good when it has been recovered. A drill does that with a few messages, on schedule, and reports what differs.
          </EmptyState>
        ) : (
          <DataTable
            label="Recovery drills" columns={columns} rows={list} rowKey={(d) => d.id} sortedBy="name"
            onOpen={(d) => { if (d.lastActivityId) void navigate(`/activities/${d.lastActivityId}`); else if (!why) setForm(d); }}
          />
        ))}
      </Loaded>
      {form && <DrillForm drill={form} onClose={() => setForm(undefined)} />}
      <Confirm
        open={doomed !== undefined} title={`Delete the drill “${doomed?.name ?? ""}”?`} action="Delete the drill"
        onConfirm={() => remove.mutateAsync({ drillId: doomed?.id ?? "" })} onClose={() => setDoomed(undefined)}
      >
        It is not done any more. Reports of earlier ones stay among the activities.
      </Confirm>
    </Page>
  );
}
