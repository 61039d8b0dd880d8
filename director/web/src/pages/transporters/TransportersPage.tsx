import { AddRegular, ServerRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Transporter } from "@/gen/holdfast/director/v1/inventory_pb";
import { useTransporters } from "@/pages/transporters/hooks";
import { State } from "@/pages/transporters/State";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { EmptyState } from "@/parts/EmptyState";
import { Explained } from "@/parts/Explained";
import { bytes } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const columns: DataColumn<Transporter>[] = [
  { key: "name", title: "Name", width: "minmax(8rem, 1fr)", cell: (t) => t.name, value: (t) => t.name },
  { key: "state", title: "State", width: "8rem", cell: (t) => <State transporter={t} />, value: (t) => (t.reachable ? 1 : 0) },
  { key: "address", title: "Address", width: "minmax(9rem, 1fr)", cell: (t) => t.address, value: (t) => t.address, above: 640 },
  { key: "tasks", title: "Tasks", width: "6rem", end: true, cell: (t) => (t.maxTasks > 0 ? `${t.tasksRunning} of ${t.maxTasks}` : String(t.tasksRunning)), value: (t) => t.tasksRunning },
  { key: "free", title: "Free space", width: "7rem", end: true, cell: (t) => (t.totalBytes > 0n ? bytes(t.freeBytes) : "—"), value: (t) => t.freeBytes, above: 760 },
  { key: "version", title: "Version", width: "minmax(7rem, 1fr)", cell: (t) => t.version || "—", value: (t) => t.version, above: 980 },
  { key: "seen", title: "Last seen", width: "8rem", cell: (t) => <When at={t.seen} />, value: (t) => t.seen?.seconds },
];

/** The machines that do the work. */
export function TransportersPage() {
  const navigate = useNavigate();
  const transporters = useTransporters();
  const why = useForbidden(Role.ADMINISTRATOR);
  const add = <Explained appearance="primary" icon={<AddRegular />} why={why} onClick={() => void navigate("/transporters/new")}>Add a Transporter</Explained>;
  const list = transporters.data?.transporters ?? [];
  return (
    <Page title="Transporters" about="The machines that read from Microsoft and keep the backups." actions={list.length > 0 && add} filled>
      <Loaded query={transporters} what="The Transporters">
        {() =>
          list.length === 0 ? (
            <EmptyState icon={<ServerRegular />} title="No Transporter yet" actions={add}>
              A Transporter reads mail from Microsoft and keeps it on its disks. In a small installation it runs on the same machine as this
              Director; larger ones have several, at several sites.
            </EmptyState>
          ) : (
            <DataTable label="Transporters" columns={columns} rows={list} rowKey={(t) => t.id} sortedBy="name" onOpen={(t) => void navigate(`/transporters/${t.id}`)} />
          )
        }
      </Loaded>
    </Page>
  );
}
