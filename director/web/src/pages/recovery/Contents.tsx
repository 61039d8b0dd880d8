import { useMemo } from "react";
import { makeStyles, tokens } from "@fluentui/react-components";
import { AttachRegular, FlagRegular } from "@fluentui/react-icons";
import { MessageOrder, type Folder, type MessageSummary } from "@/gen/holdfast/director/v1/inventory_pb";
import { covered, folderState, setFolder, setMessages } from "@/pages/recovery/choice";
import { messageKey, type Part } from "@/pages/recovery/draft";
import { FolderIcon } from "@/pages/recovery/FolderTree";
import { useMessages, type Listing } from "@/pages/recovery/hooks";
import type { Tree } from "@/pages/recovery/tree";
import { sender, subjectOf } from "@/pages/recovery/words";
import { bytes, counted, moment } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";

const useStyles = makeStyles({
  name: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, minWidth: 0 },
  icon: { display: "flex", fontSize: "18px", color: tokens.colorNeutralForeground2, flexShrink: 0 },
  text: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  unread: { fontWeight: tokens.fontWeightSemibold },
});

type Row = { folder: Folder; message?: undefined } | { folder?: undefined; message: MessageSummary };

const orders: Record<string, MessageOrder> = {
  subject: MessageOrder.SUBJECT, from: MessageOrder.FROM, received: MessageOrder.RECEIVED, size: MessageOrder.SIZE,
};

/** The column that a listing is sorted by. */
function columnOf(order: MessageOrder): string {
  return Object.entries(orders).find(([, o]) => o === order)?.[0] ?? "received";
}

interface Props {
  part: Part;
  tree: Tree;
  /** The folder that is looked into; "" for the mailbox. */
  folder: string;
  listing: Listing;
  onListing: (l: Listing) => void;
  onFolder: (id: string) => void;
  onMessage: (m: MessageSummary) => void;
  current: string | undefined;
  change: (next: Part) => void;
}

/** What is in a folder: its subfolders, then its messages, of which only those on the screen are read. */
export function Contents({ part, tree, folder, listing, onListing, onFolder, onMessage, current, change }: Props) {
  const styles = useStyles();
  const pages = useMessages(part.point.repositoryId, part.point.id, folder, listing);
  const subfolders = listing.filter === "" ? (tree.below.get(folder) ?? []) : [];
  const n = subfolders.length;
  const held = folder === "" ? 0 : Number(tree.byId.get(folder)?.messages ?? 0);
  const total = folder === "" ? 0 : (pages.pending ? held : pages.count);
  const { onShow: show } = pages;
  const onShow = useMemo(() => (from: number, to: number) => show(Math.max(0, from - n), Math.max(0, to - n)), [show, n]);
  const columns = useMemo<Column<Row>[]>(() => [
    {
      key: "subject", title: "Subject", width: "minmax(10rem, 3fr)", sortable: true,
      cell: (r) => (
        <span className={styles.name}>
          {r.folder && <span className={styles.icon}><FolderIcon folder={r.folder} /></span>}
          <span className={`${styles.text} ${r.message && !r.message.read ? styles.unread : ""}`}>{r.folder ? r.folder.name : subjectOf(r.message)}</span>
          {r.message && r.message.attachments > 0 && <AttachRegular aria-label="With attachments" style={{ flexShrink: 0 }} />}
          {r.message?.flagged && <FlagRegular aria-label="Flagged" style={{ flexShrink: 0 }} />}
        </span>
      ),
    },
    { key: "from", title: "From", width: "minmax(7rem, 1.5fr)", sortable: true, above: 480, cell: (r) => (r.message ? sender(r.message.from) : "") },
    {
      key: "received", title: "Received", width: "11rem", sortable: true, above: 380,
      cell: (r) => (r.message ? moment(r.message.received ?? r.message.sent) : counted(r.folder.messages, "message")),
    },
    { key: "size", title: "Size", width: "5rem", sortable: true, above: 620, end: true, cell: (r) => (r.message ? bytes(r.message.size) : "") },
  ], [styles]);
  const row = (i: number): Row | undefined => {
    const sub = subfolders[i];
    if (sub) return { folder: sub };
    const message = pages.row(i - n);
    return message && { message };
  };
  const here = folder === "" ? undefined : tree.byId.get(folder);
  const inside = folder === "" ? part.whole : covered(part, tree, folder);
  return (
    <>
      {pages.error != null && <FaultNote title="The messages could not be read" error={pages.error} retry={pages.retry} />}
      <Grid<Row>
        label={here ? `Contents of ${here.name}` : "Folders of the mailbox"}
        columns={columns} count={n + total} row={row} onShow={onShow}
        rowKey={(r) => (r.folder ? `folder ${r.folder.id}` : messageKey(r.message))}
        sort={{ key: columnOf(listing.order), down: !listing.ascending }}
        onSort={(s) => onListing({ ...listing, order: orders[s.key] ?? MessageOrder.RECEIVED, ascending: !s.down })}
        selection={{
          has: (r) => inside || (r.folder ? folderState(part, tree, r.folder.id) === true : part.messages.has(messageKey(r.message))),
          set: (rows, on) => {
            if (inside) return;
            let next = setMessages(part, rows.flatMap((r) => (r.message ? [r.message] : [])), on);
            for (const r of rows) {
              if (r.folder) next = setFolder(next, tree, r.folder, on);
            }
            change(next);
          },
          all: listing.filter !== "" ? undefined : {
            state: here ? folderState(part, tree, here.id) : part.whole || (part.folders.size + part.messages.size > 0 ? "mixed" : false),
            set: (on) => {
              if (here && !part.whole) change(setFolder(part, tree, here, on));
              else if (!here) change({ ...part, whole: on, folders: new Map(), messages: new Map() });
            },
          },
          name: (r) => (r.folder ? `Select the folder ${r.folder.name}` : `Select ${subjectOf(r.message)}`),
        }}
        onOpen={(r) => (r.folder ? onFolder(r.folder.id) : onMessage(r.message))}
        current={current}
        empty={listing.filter ? `No subject and no sender here contains “${listing.filter}”.` : "This folder is empty."}
      />
    </>
  );
}
