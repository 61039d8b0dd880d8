import { useMemo, useState } from "react";
import { Badge, Button, Spinner } from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { callUnaryMethod, useTransport } from "@connectrpc/connect-query";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { download } from "@/api/download";
import { AuditService, type AuditEntry } from "@/gen/holdfast/director/v1/auth_pb";
import { AuditDetail } from "@/pages/settings/AuditDetail";
import { AuditFilters } from "@/pages/settings/AuditFilters";
import { fields, filterOf, formOf } from "@/pages/settings/auditFilter";
import { objectNames, resultName, whatName, whoName } from "@/pages/settings/auditWords";
import { FaultNote } from "@/parts/FaultNote";
import { moment } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { useDebounced } from "@/parts/useDebounced";

/** Entries that are asked for at a time. */
const pageSize = 200;

const columns: Column<AuditEntry>[] = [
  { key: "time", title: "When", width: "10.5rem", cell: (e) => moment(e.time) },
  { key: "user", title: "Who", width: "minmax(7rem, 1fr)", cell: (e) => <span title={whoName(e)}>{whoName(e)}</span> },
  { key: "what", title: "What", width: "minmax(9rem, 1.2fr)", cell: (e) => <span title={whatName(e)}>{whatName(e)}</span> },
  { key: "on", title: "Done to", width: "minmax(8rem, 1.5fr)", cell: (e) => <span title={objectNames(e)}>{objectNames(e) || "—"}</span>, above: 700 },
  { key: "from", title: "From", width: "minmax(6rem, 0.8fr)", cell: (e) => e.remote || "—", above: 900 },
  { key: "result", title: "Result", width: "8rem", cell: (e) => <Badge color={e.fault ? "danger" : "success"} appearance="tint">{resultName(e)}</Badge> },
  { key: "count", title: "Times", width: "4rem", end: true, cell: (e) => e.count, above: 820 },
];

/** Who did what, newest first. */
export function AuditPage() {
  const transport = useTransport();
  const tell = useToasts();
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState<AuditEntry>();
  const asked = useDebounced(params.toString());
  const filter = useMemo(() => filterOf(new URLSearchParams(asked)), [asked]);
  const list = useInfiniteQuery({
    queryKey: ["pages", "audit", asked],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => callUnaryMethod(transport, AuditService.method.listAudit, { filter, pageSize, pageToken: pageParam }, { signal }),
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.entries) ?? [], [list.data]);
  const filtered = fields.some((f) => params.get(f));
  const put = (field: string, value: string) => setParams((was) => {
    const next = new URLSearchParams(was);
    if (value) next.set(field, value);
    else next.delete(field);
    return next;
  }, { replace: true });
  const save = () => download("/download/audit", formOf(filterOf(params)), (e) => tell.failed("The audit log could not be downloaded", e));
  return (
    <Page
      title="Audit log" about="Who changed something, looked at mail, signed in, or was refused. It holds no mail, and not what was searched for." filled
      actions={<Button icon={<ArrowDownloadRegular />} onClick={save}>{filtered ? "Download what is filtered" : "Download all"}</Button>}
    >
      <AuditFilters
        value={(f) => params.get(f) ?? ""} put={put} areas={list.data?.pages[0]?.areas ?? []} clear={filtered ? () => setParams({}, { replace: true }) : undefined}
      />
      {list.error && <FaultNote title="The audit log could not be read" error={list.error} retry={() => void list.refetch()} />}
      {list.isPending ? (
        <Spinner label="Loading" style={{ margin: "auto" }} />
      ) : (
        <Grid
          label="Audit log" columns={columns} count={rows.length} row={(i) => rows[i]} rowKey={(e) => e.id} onOpen={setOpen}
          onShow={(_, to) => { if (to >= rows.length - 20 && list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage(); }}
          empty={filtered ? "Nothing of that kind was done." : "Nothing was done yet."}
        />
      )}
      <AuditDetail entry={open} onClose={() => setOpen(undefined)} />
    </Page>
  );
}
