import { useEffect, useState } from "react";
import { create } from "@bufbuild/protobuf";
import {
  Button, Dropdown, Field, makeStyles, MessageBar, MessageBarBody, Option, Radio, RadioGroup, SearchBox, Text, tokens,
} from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { useSearchParams } from "react-router";
import { BackupOrder, type BackupSize, type Point } from "@/gen/holdfast/director/v1/inventory_pb";
import { BrowseService } from "@/gen/holdfast/director/v1/browse_pb";
import { StartRecoveryRequestSchema } from "@/gen/holdfast/director/v1/recovery_pb";
import { base, beginDraft, emptyPart, type Draft } from "@/pages/recovery/draft";
import { useBackups, useRepositories, type BackupFilter } from "@/pages/recovery/hooks";
import { Points } from "@/pages/recovery/Points";
import { SeveralAt } from "@/pages/recovery/SeveralAt";
import { pointText } from "@/pages/recovery/words";
import { bytes, count, counted, mailboxTitle, moment } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";
import { useDebounced } from "@/parts/useDebounced";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, flexGrow: 1, minHeight: "30rem" },
  top: { display: "flex", flexWrap: "wrap", alignItems: "flex-end", columnGap: tokens.spacingHorizontalL, rowGap: tokens.spacingVerticalS },
  search: { flexGrow: 1, minWidth: "12rem", maxWidth: "24rem" },
  middle: { display: "flex", gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: 0, "@media (max-width: 760px)": { flexDirection: "column" } },
  list: { flexGrow: 3, flexBasis: 0, minWidth: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minHeight: 0 },
  points: { flexGrow: 2, flexBasis: 0, minWidth: "15rem", display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minHeight: 0 },
  foot: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM, minHeight: "32px" },
});

function backupKey(b: BackupSize): string {
  return [b.repositoryId, b.accountId, b.mailboxId, b.jobId].join("/");
}

const orders: Record<string, BackupOrder> = { name: BackupOrder.MAILBOX, newest: BackupOrder.NEWEST, points: BackupOrder.POINTS, size: BackupOrder.SIZE };

/** Which backup, and which of its recovery points; or several mailboxes as they were at a moment. */
export function BackupStep({ draft, change }: { draft: Draft; change: (next: Draft) => void }) {
  const styles = useStyles();
  const [params, setParams] = useSearchParams();
  const [byJob, setByJob] = useState(params.has("job") && !params.has("repository"));
  // The address names the repository of the chosen point; before one is chosen, that to choose from.
  const [repository, setRepository] = useState(params.has("point") ? "" : (params.get("repository") ?? ""));
  const [search, setSearch] = useState("");
  const settled = useDebounced(search.trim());
  const [sort, setSort] = useState({ key: "name", down: false });
  const [open, setOpen] = useState<BackupSize>();
  const [note, setNote] = useState("");
  const [several, setSeveral] = useState<ReadonlyMap<string, BackupSize>>(new Map());
  const filter: BackupFilter = {
    repositoryId: repository, jobId: params.get("job") ?? "", accountId: params.get("account") ?? "",
    mailboxId: params.get("mailbox") ?? "", search: settled, order: orders[sort.key] ?? BackupOrder.MAILBOX,
    // Names go up, numbers go down, unless turned round.
    reverse: sort.key === "name" ? sort.down : !sort.down,
  };
  const backups = useBackups(filter);
  // Who comes from a mailbox wants its points.
  const single = params.has("mailbox") && backups.count === 1 ? backups.row(0) : undefined;
  useEffect(() => {
    if (single) setOpen((was) => was ?? single);
  }, [single]);
  const chosen = base(draft)?.point;
  const put = (values: Record<string, string>) => setParams((was) => {
    const next = new URLSearchParams(was);
    for (const [k, v] of Object.entries(values)) {
      if (v) next.set(k, v);
      else next.delete(k);
    }
    return next;
  }, { replace: true });
  const choose = (point: Point) => {
    if (chosen && chosen.id === point.id && chosen.repositoryId === point.repositoryId) return;
    const begun = beginDraft([point]);
    change({ ...begun, request: create(StartRecoveryRequestSchema, { ...begun.request, ifExists: draft.request.ifExists }) });
    put({ repository: point.repositoryId, point: point.id, folder: "", search: "", in: "" });
  };
  const columns: Column<BackupSize>[] = [
    { key: "name", title: "Mailbox", width: "minmax(9rem, 2fr)", sortable: true, cell: (b) => mailboxTitle(b) },
    { key: "address", title: "Address", width: "minmax(8rem, 2fr)", above: 700, cell: (b) => b.mailboxAddress },
    { key: "job", title: "Job", width: "minmax(6rem, 1fr)", above: 560, cell: (b) => (b.jobGone ? `${b.jobName} (deleted)` : b.jobName) },
    { key: "newest", title: "Newest point", width: "11rem", sortable: true, above: 420, cell: (b) => moment(b.newest) },
    { key: "points", title: "Points", width: "4.5rem", sortable: true, end: true, above: 620, cell: (b) => count(b.points) },
    { key: "size", title: "Size", width: "5.5rem", sortable: true, end: true, above: 820, cell: (b) => bytes(b.logicalBytes) },
  ];
  return (
    <div className={styles.root}>
      <div className={styles.top}>
        <RadioGroup layout="horizontal" aria-label="Find the backup" value={byJob ? "job" : "repository"} onChange={(_, d) => { setByJob(d.value === "job"); setRepository(""); setOpen(undefined); put({ job: "" }); }}>
          <Radio value="repository" label="By repository" />
          <Radio value="job" label="By job" />
        </RadioGroup>
        {byJob ? <JobChoice value={params.get("job") ?? ""} onChange={(job) => put({ job })} />
          : <RepositoryChoice value={repository} onChange={setRepository} />}
        <SearchBox className={styles.search} aria-label="Search mailboxes" placeholder="Name or address" value={search} onChange={(_, d) => setSearch(d.value)} />
        {params.has("mailbox") && <Button onClick={() => { setOpen(undefined); put({ mailbox: "", account: "" }); }}>All mailboxes</Button>}
      </div>
      {backups.error != null && <FaultNote title="The backups could not be read" error={backups.error} retry={backups.retry} />}
      {backups.problems.length > 0 && (
        <MessageBar intent="warning" layout="multiline"><MessageBarBody>Some backups are not listed: {backups.problems.join(" ")}</MessageBarBody></MessageBar>
      )}
      <div className={styles.middle}>
        <div className={styles.list}>
          <Grid<BackupSize>
            label="Backups" columns={columns} count={backups.count} row={backups.row} rowKey={backupKey} onShow={backups.onShow}
            sort={{ key: sort.key, down: sort.down }} onSort={setSort}
            selection={{
              has: (b) => several.has(backupKey(b)),
              set: (rows, on) => setSeveral((was) => {
                const next = new Map(was);
                for (const b of rows) {
                  if (on) next.set(backupKey(b), b);
                  else next.delete(backupKey(b));
                }
                return next;
              }),
              name: (b) => `Select ${mailboxTitle(b)}`,
            }}
            onOpen={setOpen} current={open ? backupKey(open) : undefined}
            empty={backups.pending ? "Loading…" : settled ? `No mailbox here has “${settled}” in its name or address.` : "There are no backups here yet."}
          />
        </div>
        <div className={styles.points}>
          {open ? <Points of={open} current={chosen} onChoose={choose} /> : <Text>{chosen ? "" : "Choose a mailbox to see its recovery points. Tick several to recover them together."}</Text>}
        </div>
      </div>
      <div className={styles.foot}>
        {several.size > 1 ? (
          <SeveralAt of={[...several.values()]} onClear={() => setSeveral(new Map())} onFound={(points, said) => {
            setSeveral(new Map());
            setOpen(undefined);
            setNote(said);
            change({ ...beginDraft(), parts: points.map((p) => ({ ...emptyPart(p), whole: true })) });
            put({ repository: points[0]?.repositoryId ?? "", point: points[0]?.id ?? "" });
          }} />
        ) : chosen && (
          <Text weight="semibold" aria-live="polite">
            {draft.parts.length > 1 ? `Chosen: ${counted(draft.parts.length, "recovery point")}` : `Chosen: ${mailboxTitle(chosen)}${chosen.time ? `, ${pointText(chosen)}` : ""}`} {draft.parts.length > 1 && note}
          </Text>
        )}
      </div>
    </div>
  );
}

function RepositoryChoice({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const list = useRepositories().data?.repositories ?? [];
  const name = list.find((r) => r.id === value)?.name ?? "All repositories";
  return (
    <Field label="Repository">
      <Dropdown value={name} selectedOptions={[value]} onOptionSelect={(_, d) => onChange(d.optionValue ?? "")}>
        <Option value="">All repositories</Option>
        {list.map((r) => <Option key={r.id} value={r.id} disabled={!r.attached} text={r.name}>{r.attached ? r.name : `${r.name} (detached: attach it first)`}</Option>)}
      </Dropdown>
    </Field>
  );
}

function JobChoice({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const list = useQuery(BrowseService.method.listBackupJobs, {}).data?.jobs ?? [];
  const name = list.find((j) => j.jobId === value)?.name ?? "All jobs";
  return (
    <Field label="Job">
      <Dropdown value={name} selectedOptions={[value]} onOptionSelect={(_, d) => onChange(d.optionValue ?? "")}>
        <Option value="">All jobs</Option>
        {list.map((j) => <Option key={j.jobId} value={j.jobId} text={j.name}>{j.gone ? `${j.name} (deleted)` : j.name}</Option>)}
      </Dropdown>
    </Field>
  );
}
