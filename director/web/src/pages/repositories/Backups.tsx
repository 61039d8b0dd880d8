import { useState } from "react";
import { Badge, Field, makeStyles, SearchBox, Spinner, Text, tokens } from "@fluentui/react-components";
import { callUnaryMethod, useTransport } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { BackupOrder, RepositoryService, type BackupSize, type Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, count, counted, mailboxTitle } from "@/parts/format";
import { Grid, type Column, type Sort } from "@/parts/Grid";
import { useDebounced } from "@/parts/useDebounced";
import { usePages } from "@/parts/usePages";
import { When } from "@/parts/When";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  search: { minWidth: "16rem", flexGrow: 1, maxWidth: "28rem" },
  count: { color: tokens.colorNeutralForeground2, marginLeft: "auto" },
});

const orders: Record<string, BackupOrder> = { mailbox: BackupOrder.MAILBOX, newest: BackupOrder.NEWEST, points: BackupOrder.POINTS, size: BackupOrder.SIZE };

const columns: Column<BackupSize>[] = [
  { key: "mailbox", title: "Mailbox", width: "minmax(10rem, 2fr)", sortable: true, cell: (b) => mailboxTitle(b) },
  { key: "job", title: "Job", width: "minmax(8rem, 1fr)", cell: (b) => <>{b.jobName} {b.jobGone && <Badge appearance="tint" color="informative">Deleted</Badge>}</>, above: 620 },
  { key: "newest", title: "Last point", width: "8rem", sortable: true, cell: (b) => <When at={b.newest} /> },
  { key: "points", title: "Points", width: "5rem", end: true, sortable: true, cell: (b) => count(b.points) },
  { key: "messages", title: "Messages", width: "7rem", end: true, cell: (b) => count(b.messages), above: 760 },
  { key: "size", title: "Size", width: "6rem", end: true, sortable: true, cell: (b) => bytes(b.logicalBytes) },
  { key: "alone", title: "Takes alone", width: "7rem", end: true, cell: (b) => (b.surveyed ? bytes(b.aloneBytes) : "—"), above: 900 },
];

/** The backups that a repository holds, those of deleted jobs too. */
export function Backups({ repository }: { repository: Repository }) {
  const styles = useStyles();
  const transport = useTransport();
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const wanted = useDebounced(search);
  const [sort, setSort] = useState<Sort>({ key: "mailbox", down: false });
  // By mailbox it goes from A; everything else begins with the most.
  const query = { repositoryId: repository.id, search: wanted, order: orders[sort.key] ?? BackupOrder.MAILBOX, reverse: sort.key === "mailbox" ? sort.down : !sort.down };
  const pages = usePages<BackupSize>({
    key: ["backups", query],
    enabled: repository.attached,
    read: async (offset, limit, signal) => {
      const answer = await callUnaryMethod(transport, RepositoryService.method.listBackups, { ...query, offset: BigInt(offset), limit }, { signal });
      return { rows: answer.backups, total: Number(answer.total) };
    },
  });
  if (!repository.attached) return <Text>Its backups are listed while it is attached.</Text>;
  return (
    <>
      <div className={styles.bar}>
        <Field label="Find a mailbox" className={styles.search}><SearchBox value={search} placeholder="Part of a name or address" onChange={(_, d) => setSearch(d.value)} /></Field>
        <Text className={styles.count} aria-live="polite">{counted(pages.count, "backup")}</Text>
      </div>
      {pages.error !== undefined && pages.error !== null && <FaultNote title="The backups could not be read" error={pages.error} retry={pages.retry} />}
      {pages.pending ? (
        <Spinner label="Loading" style={{ margin: "auto" }} />
      ) : (
        <Grid
          label="Backups" columns={columns} count={pages.count} row={pages.row} rowKey={(b) => `${b.accountId} ${b.mailboxId} ${b.jobId}`} onShow={pages.onShow} sort={sort} onSort={setSort}
          onOpen={(b) => void navigate(`/recovery?repository=${repository.id}&account=${b.accountId}&mailbox=${b.mailboxId}&job=${b.jobId}`)}
          empty={wanted ? "No mailbox here is called so." : "Nothing was backed up into it yet."}
        />
      )}
    </>
  );
}
