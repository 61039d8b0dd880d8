import { useState } from "react";
import { Badge, MessageBar, MessageBarBody, SearchBox, Text } from "@fluentui/react-components";
import { keepPreviousData } from "@tanstack/react-query";
import { useQuery } from "@connectrpc/connect-query";
import { JobService, type PointDecision, type Retention } from "@/gen/holdfast/director/v1/job_pb";
import { useNames } from "@/pages/jobs/hooks";
import { useJobStyles } from "@/pages/jobs/styles";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { count, counted, moment } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

/** Which points of a job a retention would keep, and which not: the job's own, or one that is thought of. */
export function RetentionPreview({ jobId, retention }: { jobId: string; retention?: Retention }) {
  const styles = useJobStyles();
  const names = useNames();
  const [search, setSearch] = useState("");
  const preview = useQuery(JobService.method.previewRetention, { jobId, retention }, { placeholderData: keepPreviousData });
  const columns: DataColumn<PointDecision>[] = [
    { key: "fate", title: "Fate", width: "6.5rem", cell: (p) => <Fate of={p} />, value: (p) => (p.reasons.length > 0 ? "stays" : "goes") },
    { key: "mailbox", title: "Mailbox", width: "minmax(10rem, 1.3fr)", cell: (p) => p.mailboxAddress, value: (p) => p.mailboxAddress },
    { key: "time", title: "Recovery point of", width: "11rem", cell: (p) => moment(p.time), value: (p) => p.time?.seconds },
    { key: "complete", title: "Complete", width: "6rem", cell: (p) => (p.complete ? "Yes" : "No"), value: (p) => (p.complete ? "Yes" : "No"), above: 640 },
    { key: "why", title: "Stays as", width: "minmax(7rem, 1fr)", cell: (p) => p.reasons.join(", ") || "—", value: (p) => p.reasons.join(", ") },
    { key: "where", title: "In", width: "minmax(7rem, 1fr)", cell: (p) => names.repositories.get(p.repositoryId) ?? "—", value: (p) => names.repositories.get(p.repositoryId), above: 820 },
  ];
  return (
    <Loaded query={preview} what="The preview">
      {(p) => (
        <>
          {p.unreadRepositoryIds.length > 0 && (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>{p.unreadRepositoryIds.map((id) => names.repositories.get(id) ?? "A repository").join(", ")} cannot be looked into now: points there are left out of this preview.</MessageBarBody>
            </MessageBar>
          )}
          <div className={styles.bar}>
            <Text aria-live="polite"><strong>{counted(p.kept, "point")}</strong> would stay, <strong>{count(p.deleted)}</strong> would be deleted.</Text>
            <SearchBox className={styles.search} aria-label="Search points" placeholder="Search by address" value={search} onChange={(_, d) => setSearch(d.value)} />
          </div>
          {p.kept + p.deleted > BigInt(p.points.length) && <Text className={styles.soft}>The first {count(p.points.length)} are listed.</Text>}
          <DataTable label="Recovery points" columns={columns} rows={p.points} rowKey={(x) => `${x.repositoryId} ${x.pointId}`} search={search} sortedBy="-time" empty="The job has no recovery points yet." />
        </>
      )}
    </Loaded>
  );
}

function Fate({ of: p }: { of: PointDecision }) {
  return p.reasons.length > 0 ? <Badge color="success" appearance="tint">Stays</Badge> : <Badge color="danger" appearance="tint">Goes</Badge>;
}
