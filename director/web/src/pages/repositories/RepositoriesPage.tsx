import { AddRegular, ArchiveRegular, FolderOpenRegular } from "@fluentui/react-icons";
import { ProgressBar, Tooltip } from "@fluentui/react-components";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import type { Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { savings, useRepositories } from "@/pages/repositories/hooks";
import { State } from "@/pages/repositories/State";
import { useTransporters } from "@/pages/transporters/hooks";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { EmptyState } from "@/parts/EmptyState";
import { Explained } from "@/parts/Explained";
import { bytes, count, percent } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Role, useForbidden } from "@/session/me";

function Disk({ repository: r }: { repository: Repository }) {
  if (r.totalBytes === 0n) return <>—</>;
  const full = percent(r.totalBytes - r.freeBytes, r.totalBytes);
  return (
    <Tooltip content={`${bytes(r.freeBytes)} of ${bytes(r.totalBytes)} free on its disk`} relationship="description">
      <div style={{ display: "flex", flexDirection: "column", gap: 4 }}>
        <span>{bytes(r.freeBytes)} free</span>
        <ProgressBar value={full / 100} color={full >= 95 ? "error" : full >= 85 ? "warning" : "brand"} aria-label={`The disk is ${full} % full`} />
      </div>
    </Tooltip>
  );
}

/** Where backups are kept. */
export function RepositoriesPage() {
  const navigate = useNavigate();
  const repositories = useRepositories();
  const transporters = useTransporters().data?.transporters;
  const why = useForbidden(Role.ADMINISTRATOR);
  const columns = useMemo<DataColumn<Repository>[]>(() => {
    const on = (r: Repository) => transporters?.find((t) => t.id === r.transporterId)?.name ?? "";
    return [
      { key: "name", title: "Name", width: "minmax(8rem, 1.5fr)", cell: (r) => r.name, value: (r) => r.name },
      { key: "state", title: "State", width: "8rem", cell: (r) => <State repository={r} />, value: (r) => (r.error ? 0 : r.attached ? 2 : 1) },
      { key: "transporter", title: "Transporter", width: "minmax(7rem, 1fr)", cell: on, value: on, above: 700 },
      { key: "path", title: "Folder", width: "minmax(8rem, 1.5fr)", cell: (r) => r.path, value: (r) => r.path, above: 980 },
      { key: "points", title: "Points", width: "5rem", end: true, cell: (r) => count(r.points), value: (r) => r.points, above: 640 },
      { key: "stored", title: "Stored", width: "6rem", end: true, cell: (r) => bytes(r.storedBytes), value: (r) => r.storedBytes },
      { key: "saved", title: "Saved", width: "5rem", end: true, cell: (r) => { const s = savings(r); return s ? `${s.toFixed(1)} ×` : "—"; }, value: savings, above: 860 },
      { key: "disk", title: "Disk", width: "9rem", cell: (r) => <Disk repository={r} />, value: (r) => r.freeBytes },
    ];
  }, [transporters]);
  const list = repositories.data?.repositories ?? [];
  const noTransporter = transporters?.length === 0 ? "A repository lies on a Transporter: add one first." : undefined;
  const create = <Explained appearance="primary" icon={<AddRegular />} why={why ?? noTransporter} onClick={() => void navigate("/repositories/new")}>Create a repository</Explained>;
  const attach = <Explained icon={<FolderOpenRegular />} why={why ?? noTransporter} onClick={() => void navigate("/repositories/attach")}>Attach an existing folder</Explained>;
  return (
    <Page title="Repositories" about="Folders on your own disks, in which backups are kept." actions={list.length > 0 && <>{attach}{create}</>} filled>
      <Loaded query={repositories} what="The repositories">
        {() =>
          list.length === 0 ? (
            <EmptyState icon={<ArchiveRegular />} title="No repository yet" actions={<>{create}{attach}</>}>
              A repository is a folder on a disk of a Transporter. Every message and attachment is stored in it once, compressed, and encrypted if you wish.
            </EmptyState>
          ) : (
            <DataTable label="Repositories" columns={columns} rows={list} rowKey={(r) => r.id} sortedBy="name" onOpen={(r) => void navigate(`/repositories/${r.id}`)} />
          )
        }
      </Loaded>
    </Page>
  );
}
