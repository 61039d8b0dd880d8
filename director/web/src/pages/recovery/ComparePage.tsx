import { useState } from "react";
import { createClient } from "@connectrpc/connect";
import { Button, makeStyles, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { ArrowCounterclockwiseRegular, BranchCompareRegular, LockClosedRegular } from "@fluentui/react-icons";
import { useNavigate, useSearchParams } from "react-router";
import { transport } from "@/api/transport";
import { BrowseService, DifferenceKind, type Difference, type DiffSummary } from "@/gen/holdfast/director/v1/browse_pb";
import type { Point } from "@/gen/holdfast/director/v1/inventory_pb";
import { Beside } from "@/pages/recovery/Beside";
import { beginAt, beginDraft, brief, emptyPart, messageKey, withPart, type Part } from "@/pages/recovery/draft";
import { usePoint } from "@/pages/recovery/hooks";
import { MessagePane } from "@/pages/recovery/MessagePane";
import { SelectionBar } from "@/pages/recovery/SelectionBar";
import { sender, subjectOf } from "@/pages/recovery/words";
import { EmptyState } from "@/parts/EmptyState";
import { count, counted, fromTo, mailboxTitle } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { usePages } from "@/parts/usePages";
import { Role, useForbidden } from "@/session/me";

const client = createClient(BrowseService, transport);

const useStyles = makeStyles({
  middle: { display: "flex", gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: 0 },
  list: { flexGrow: 1, flexBasis: 0, minWidth: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minHeight: 0 },
});

const kinds: { key: string; title: string; of: DifferenceKind[] }[] = [
  { key: "", title: "All", of: [] },
  { key: "gone", title: "Gone", of: [DifferenceKind.MESSAGE_REMOVED] },
  { key: "new", title: "New", of: [DifferenceKind.MESSAGE_ADDED] },
  { key: "moved", title: "Moved", of: [DifferenceKind.MESSAGE_MOVED] },
  { key: "changed", title: "Changed", of: [DifferenceKind.MESSAGE_CHANGED] },
  { key: "folders", title: "Folders", of: [DifferenceKind.FOLDER_ADDED, DifferenceKind.FOLDER_REMOVED, DifferenceKind.FOLDER_CHANGED] },
];

const words: Record<DifferenceKind, string> = {
  [DifferenceKind.UNSPECIFIED]: "",
  [DifferenceKind.FOLDER_ADDED]: "New folder",
  [DifferenceKind.FOLDER_REMOVED]: "Folder gone",
  [DifferenceKind.FOLDER_CHANGED]: "Folder changed",
  [DifferenceKind.MESSAGE_ADDED]: "New",
  [DifferenceKind.MESSAGE_REMOVED]: "Gone",
  [DifferenceKind.MESSAGE_MOVED]: "Moved",
  [DifferenceKind.MESSAGE_CHANGED]: "Changed",
  [DifferenceKind.UNREADABLE]: "Cannot be read",
};

interface Row {
  d: Difference;
  index: number;
}

/** What differs between two points of a mailbox; what is gone since can be chosen and recovered. */
export function ComparePage() {
  const [params] = useSearchParams();
  const why = useForbidden(Role.OPERATOR);
  const [repository = "", from = "", to = ""] = ["repository", "older", "newer"].map((name) => params.get(name) ?? "");
  const older = usePoint(why ? "" : repository, from);
  const newer = usePoint(why ? "" : repository, to);
  const page = { title: "Compare two points", crumbs: [{ text: "Recovery", to: "/recovery" }] };
  if (why) {
    return (
      <Page {...page}>
        <EmptyState icon={<LockClosedRegular />} title="Recovery is for operators">{why} What is in mailboxes is not for auditors to see.</EmptyState>
      </Page>
    );
  }
  if (!repository || !from || !to) {
    return (
      <Page {...page}>
        <EmptyState icon={<BranchCompareRegular />} title="No points are chosen">This address does not say which points. Choose a backup to recover from, and two of its points there.</EmptyState>
      </Page>
    );
  }
  return (
    <Page {...page} filled>
      <Loaded query={older.query} what="The older point">
        {(a) => <Loaded query={newer.query} what="The newer point">{(b) => (a.point && b.point ? <Differences older={a.point} newer={b.point} /> : null)}</Loaded>}
      </Loaded>
    </Page>
  );
}

/** The part of the older point that has the chosen messages. */
function choose(part: Part, list: Difference[], on: boolean): Part {
  const messages = new Map(part.messages);
  for (const d of list) {
    if (!d.old || !d.oldFolder) continue;
    const m = brief(d.old, d.oldFolder.id);
    if (on) messages.set(messageKey(m), m);
    else messages.delete(messageKey(m));
  }
  return { ...part, messages };
}

function Differences({ older, newer }: { older: Point; newer: Point }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const kind = kinds.find((k) => k.key === (params.get("kind") ?? "")) ?? kinds[0];
  const [summary, setSummary] = useState<DiffSummary>();
  const [draft, setDraft] = useState(() => beginDraft([older]));
  const [shown, setShown] = useState<Row>();
  const pages = usePages<Row>({
    key: ["differences", older.repositoryId, older.id, newer.id, kind?.key],
    read: async (offset, limit, signal) => {
      const rows: Row[] = [];
      let total = 0;
      const request = { repositoryId: older.repositoryId, olderPointId: older.id, newerPointId: newer.id, kinds: kind?.of ?? [], offset: BigInt(offset), limit };
      for await (const part of client.diffPoints(request, { signal })) {
        for (const d of part.differences) rows.push({ d, index: offset + rows.length });
        if (part.summary) {
          total = Number(part.summary.total);
          if (kind?.key === "") setSummary(part.summary);
        }
      }
      return { rows, total };
    },
  });
  const part = draft.parts[0] ?? emptyPart(older);
  const counts = (of: DifferenceKind[]) => summary?.counts.filter((c) => of.includes(c.kind)).reduce((n, c) => n + c.count, 0n);
  const columns: Column<Row>[] = [
    { key: "kind", title: "What", width: "8rem", cell: ({ d }) => words[d.kind] },
    {
      key: "name", title: "Message or folder", width: "minmax(10rem, 3fr)",
      cell: ({ d }) => (d.reason ? `${counted(d.messages, "message")}: ${d.reason}` : d.old || d.new ? subjectOf(d.new ?? d.old ?? { subject: "" }) : (d.newFolder ?? d.oldFolder)?.name),
    },
    { key: "from", title: "From", width: "minmax(6rem, 1fr)", above: 720, cell: ({ d }) => sender((d.new ?? d.old)?.from) },
    {
      key: "folder", title: "Folder", width: "minmax(7rem, 1.5fr)", above: 520,
      cell: ({ d }) => (d.kind === DifferenceKind.MESSAGE_MOVED ? `${d.oldFolder?.name ?? ""} → ${d.newFolder?.name ?? ""}` : d.old || d.new ? (d.newFolder ?? d.oldFolder)?.name : ""),
    },
    { key: "aspects", title: "What changed", width: "minmax(6rem, 1fr)", above: 860, cell: ({ d }) => d.aspects.join(", ") },
  ];
  const place = shown && placeOf(shown.d, older, newer);
  return (
    <>
      <Text>{mailboxTitle(older)}: from {fromTo(older.time, newer.time)}{summary ? `, ${counted(summary.total, "difference")}` : ""}.</Text>
      <TabList
        selectedValue={kind?.key ?? ""} aria-label="Kinds of differences"
        onTabSelect={(_, t) => {
          setShown(undefined);
          setParams((was) => {
            const next = new URLSearchParams(was);
            if (t.value) next.set("kind", String(t.value));
            else next.delete("kind");
            return next;
          }, { replace: true });
        }}
      >
        {kinds.map((k) => {
          const n = k.of.length > 0 ? counts(k.of) : undefined;
          return <Tab key={k.key} value={k.key}>{n === undefined ? k.title : `${k.title} (${count(n)})`}</Tab>;
        })}
      </TabList>
      {pages.error != null && <FaultNote title="The points could not be compared" error={pages.error} retry={pages.retry} />}
      <div className={styles.middle}>
        <div className={styles.list}>
          <Grid<Row>
            label="Differences" columns={columns} count={pages.count} row={pages.row} rowKey={(r) => String(r.index)} onShow={pages.onShow}
            selection={{
              has: ({ d }) => d.old !== undefined && d.oldFolder !== undefined && part.messages.has(messageKey({ folderId: d.oldFolder.id, id: d.old.id })),
              set: (rows, on) => setDraft(withPart(draft, choose(part, rows.map((r) => r.d), on))),
              can: ({ d }) => d.old !== undefined && d.oldFolder !== undefined,
              name: ({ d }) => `Select ${subjectOf(d.old ?? d.new ?? { subject: "" })}`,
            }}
            onOpen={(r) => setShown(placeOf(r.d, older, newer) ? r : undefined)} current={shown && String(shown.index)}
            empty={pages.pending ? "Comparing…" : "There is no difference here."}
          />
        </div>
        <Beside label="Message" above={1180} onClose={() => setShown(undefined)}>{place && <MessagePane place={place} onClose={() => setShown(undefined)} />}</Beside>
      </div>
      <SelectionBar
        draft={draft} change={setDraft}
        actions={part.messages.size > 0 && (
          <Button size="small" appearance="primary" icon={<ArrowCounterclockwiseRegular />} onClick={() => void navigate(beginAt(draft, "options"))}>Recover what is chosen</Button>
        )}
      />
    </>
  );
}

/** Where the message of a difference is: in the newer point, unless it is gone. */
function placeOf(d: Difference, older: Point, newer: Point) {
  const [m, folder, point] = d.new ? [d.new, d.newFolder, newer] : [d.old, d.oldFolder, older];
  return m && folder && { repositoryId: point.repositoryId, pointId: point.id, folderId: folder.id, messageId: m.id };
}
