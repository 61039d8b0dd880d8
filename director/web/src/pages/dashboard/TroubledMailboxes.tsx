import { useMemo, useState } from "react";
import { Field, makeStyles, SearchBox, Spinner, Text, tokens } from "@fluentui/react-components";
import { callUnaryMethod, useTransport } from "@connectrpc/connect-query";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { MailboxTrouble, OverviewService, type TroubledMailbox } from "@/gen/holdfast/director/v1/overview_pb";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { counted } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";
import { Page } from "@/parts/Page";
import { useDebounced } from "@/parts/useDebounced";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  search: { minWidth: "16rem", flexGrow: 1, maxWidth: "28rem" },
  count: { color: tokens.colorNeutralForeground2, marginLeft: "auto" },
});

const kinds: Record<string, { trouble: MailboxTrouble; title: string; about: string }> = {
  unprotected: { trouble: MailboxTrouble.UNPROTECTED, title: "Mailboxes in no job", about: "Nothing backs these up." },
  late: { trouble: MailboxTrouble.LATE, title: "Late mailboxes", about: "Their last point is older than their job’s schedule promises." },
  gone: { trouble: MailboxTrouble.GONE, title: "Mailboxes gone from Microsoft", about: "They were backed up and are not found any more. Their points stay, and can be recovered." },
  excluded: { trouble: MailboxTrouble.EXCLUDED, title: "Excluded mailboxes", about: "They are left out of all jobs by name." },
  waiting: { trouble: MailboxTrouble.WAITING, title: "Mailboxes without a backup yet", about: "They are in a job, and have no point yet." },
  failed: { trouble: MailboxTrouble.FAILED, title: "Mailboxes that failed", about: "The last run of their job made no point of them." },
  incomplete: { trouble: MailboxTrouble.INCOMPLETE, title: "Mailboxes with losses", about: "The last run of their job could not keep every message." },
};

const columns: Column<TroubledMailbox>[] = [
  { key: "name", title: "Mailbox", width: "minmax(10rem, 1.2fr)", cell: (m) => m.mailbox?.name ?? "" },
  { key: "address", title: "Address", width: "minmax(10rem, 1.2fr)", cell: (m) => m.mailbox?.address ?? "", above: 820 },
  { key: "account", title: "Account", width: "minmax(7rem, 0.8fr)", cell: (m) => m.accountName, above: 980 },
  { key: "job", title: "Job", width: "minmax(6rem, 0.8fr)", cell: (m) => m.jobName || "—", above: 620 },
  { key: "reason", title: "Why", width: "minmax(12rem, 2fr)", cell: (m) => <span title={m.reason}>{m.reason}</span> },
  { key: "point", title: "Last point", width: "8rem", cell: (m) => <When at={m.lastPoint} /> },
];

/** The mailboxes behind a number of the dashboard, and why each is among them. */
export function TroubledMailboxes() {
  const styles = useStyles();
  const navigate = useNavigate();
  const transport = useTransport();
  const { trouble = "" } = useParams();
  const [params] = useSearchParams();
  const [search, setSearch] = useState("");
  const wanted = useDebounced(search);
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const kind = kinds[trouble] ?? kinds["unprotected"];
  const query = { trouble: kind?.trouble ?? MailboxTrouble.UNPROTECTED, accountId: params.get("account") ?? "", jobId: params.get("job") ?? "", search: wanted, pageSize: 500 };
  const list = useInfiniteQuery({
    queryKey: ["pages", "troubled", query],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => callUnaryMethod(transport, OverviewService.method.listTroubledMailboxes, { ...query, pageToken: pageParam }, { signal }),
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.mailboxes) ?? [], [list.data]);
  const total = Number(list.data?.pages[0]?.total ?? 0n);
  return (
    <Page
      title={kind?.title ?? "Mailboxes"} about={kind?.about} crumbs={[{ text: "Dashboard", to: "/" }]} filled
      actions={trouble === "unprotected" && total > 0 && <Explained appearance="primary" why={forbidden} onClick={() => void navigate("/jobs/new?mailboxes=unprotected")}>Protect them</Explained>}
    >
      <div className={styles.bar}>
        <Field label="Find a mailbox" className={styles.search}><SearchBox value={search} placeholder="Part of a name or address" onChange={(_, d) => setSearch(d.value)} /></Field>
        <Text className={styles.count} aria-live="polite">{counted(total, "mailbox", "mailboxes")}</Text>
      </div>
      {list.error && <FaultNote title="The mailboxes could not be read" error={list.error} retry={() => void list.refetch()} />}
      {list.isPending ? (
        <Spinner label="Loading" style={{ margin: "auto" }} />
      ) : (
        <Grid
          label={kind?.title ?? "Mailboxes"} columns={columns} count={total} row={(i) => rows[i]} rowKey={(m) => `${m.mailbox?.accountId ?? ""} ${m.mailbox?.id ?? ""} ${m.jobId}`}
          onShow={(_, to) => { if (to >= rows.length && list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage(); }}
          onOpen={(m) => void navigate(m.runId ? `/runs/${m.runId}` : `/accounts/${m.mailbox?.accountId ?? ""}?search=${encodeURIComponent(m.mailbox?.address ?? "")}`)}
          empty={wanted ? "No mailbox here is called so." : "There is none. That is good."}
        />
      )}
    </Page>
  );
}
