import { useState } from "react";
import { Badge, MessageBar, MessageBarBody, MessageBarTitle, SearchBox, Subtitle2, Switch, Text } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { JobService, type LedgerFolder } from "@/gen/holdfast/director/v1/job_pb";
import { useJobStyles } from "@/pages/jobs/styles";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { count, counted } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

const reasons = (f: LedgerFolder) => f.reasons.map((r) => `${count(r.messages)}: ${r.text}`).join("; ");

const columns: DataColumn<LedgerFolder>[] = [
  { key: "path", title: "Folder", width: "minmax(10rem, 1fr)", cell: (f) => f.path, value: (f) => f.path },
  { key: "tenant", title: "In the mailbox", width: "7.5rem", end: true, cell: (f) => count(f.tenant), value: (f) => f.tenant },
  { key: "kept", title: "In the point", width: "7rem", end: true, cell: (f) => count(f.kept), value: (f) => f.kept },
  { key: "state", title: "Same", width: "6.5rem", cell: (f) => <Same of={f} />, value: (f) => Number(f.tenant - f.kept) },
  { key: "why", title: "Why they differ", width: "minmax(12rem, 2fr)", cell: (f) => <span title={reasons(f)}>{reasons(f) || "—"}</span>, value: reasons },
];

function Same({ of: f }: { of: LedgerFolder }) {
  return f.tenant === f.kept && f.reasons.length === 0 ? <Badge color="success" appearance="tint">Same</Badge> : <Badge color="warning" appearance="tint">Differs</Badge>;
}

/** What the mailbox held against what the recovery point holds, folder by folder, with a reason for each difference. */
export function Ledger({ taskId }: { taskId: string }) {
  const styles = useJobStyles();
  const [all, setAll] = useState(false);
  const [search, setSearch] = useState("");
  const ledger = useQuery(JobService.method.getLedger, { taskId, all }, { staleTime: 60_000 });
  return (
    <section className={styles.stack} aria-label="Completeness">
      <Subtitle2 as="h2">Completeness</Subtitle2>
      <Loaded query={ledger} what="The comparison">
        {(l) => (
          <>
            {l.balance && l.balance.unexplained !== 0n && (
              <MessageBar intent="warning" layout="multiline"><MessageBarBody><MessageBarTitle>{counted(l.balance.unexplained < 0n ? -l.balance.unexplained : l.balance.unexplained, "message")} without a reason.</MessageBarTitle> Run the mailbox again. If the difference stays, have the repository verified.</MessageBarBody></MessageBar>
            )}
            <Text>
              {l.balance && `The mailbox held ${counted(l.balance.tenant, "message")}, the recovery point holds ${count(l.balance.kept)}. `}
              {l.balance?.folders === 0n ? "Every folder has the same number." : l.balance && `${counted(l.balance.folders, "folder differs", "folders differ")}.`}
              {l.old && " The point was made before comparisons were kept: what is listed is what was lost."}
            </Text>
            <div className={styles.bar}>
              <SearchBox className={styles.search} aria-label="Search folders" placeholder="Search folders" value={search} onChange={(_, d) => setSearch(d.value)} />
              <Switch label="Folders that are the same, too" checked={all} onChange={(_, d) => setAll(d.checked)} />
              {l.more > 0n && <Text className={styles.soft}>{counted(l.more, "folder")} not listed</Text>}
            </div>
            {(l.folders.length > 0 || all) && (
              <div className={styles.tall} style={{ height: "22rem" }}>
                <DataTable label="Folders" columns={columns} rows={l.folders} rowKey={(f) => f.folderId} search={search} sortedBy="path" empty="No folder differs." />
              </div>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
