import { useCallback, useMemo } from "react";
import { makeStyles, MessageBar, MessageBarBody, Spinner, Text, tokens } from "@fluentui/react-components";
import { AttachRegular } from "@fluentui/react-icons";
import type { SearchHit } from "@/gen/holdfast/director/v1/search_pb";
import { Marked, wordsOf } from "@/pages/recovery/Marked";
import { sender, subjectOf } from "@/pages/recovery/words";
import type { Found } from "@/pages/recovery/useSearch";
import { count, counted, mailboxTitle, moment } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";

const useStyles = makeStyles({
  two: { display: "flex", flexDirection: "column", minWidth: 0, lineHeight: tokens.lineHeightBase200 },
  line: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", display: "flex", gap: tokens.spacingHorizontalXS, alignItems: "center" },
  text: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  soft: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  said: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, minHeight: "20px" },
});

/** The most messages that "Select all" takes of a search. */
export const mostOfSearch = 5000;

export function hitKey(h: SearchHit): string {
  return `${h.repositoryId}/${h.pointId}/${h.message?.folderId ?? ""}/${h.message?.id ?? ""}`;
}

interface Props {
  found: Found;
  text: string;
  /** Whose mail it is stands in a column. */
  mailboxes?: boolean;
  has: (h: SearchHit) => boolean;
  set: (hits: SearchHit[], on: boolean) => void;
  onOpen: (h: SearchHit) => void;
  current: string | undefined;
  repositoryName: (id: string) => string;
}

/** What a search found, newest first; more is read as one scrolls. */
export function Results({ found, text, mailboxes, has, set, onOpen, current, repositoryName }: Props) {
  const styles = useStyles();
  const words = useMemo(() => wordsOf(text), [text]);
  const { hits, summary, more } = found;
  const columns = useMemo<Column<SearchHit>[]>(() => {
    const list: Column<SearchHit>[] = [
      {
        key: "subject", title: "Subject", width: "minmax(12rem, 4fr)",
        cell: (h) => (
          <span className={styles.two}>
            <span className={styles.line}>
              <span className={styles.text}><Marked text={h.message ? subjectOf(h.message) : ""} words={words} /></span>
              {h.hasAttachments && <AttachRegular aria-label="With attachments" style={{ flexShrink: 0 }} />}
            </span>
            <span className={`${styles.text} ${styles.soft}`}><Marked text={h.message?.preview ?? ""} words={words} /></span>
          </span>
        ),
      },
      { key: "from", title: "From", width: "minmax(7rem, 1.5fr)", above: 740, cell: (h) => <Marked text={sender(h.message?.from)} words={words} /> },
    ];
    if (mailboxes) {
      list.push({
        key: "mailbox", title: "Mailbox and folder", width: "minmax(8rem, 2fr)", above: 500,
        cell: (h) => (
          <span className={styles.two}>
            <span className={styles.text}>{mailboxTitle(h)}</span>
            <span className={`${styles.text} ${styles.soft}`}>{h.path.join(" › ")}</span>
          </span>
        ),
      });
    } else {
      list.push({ key: "folder", title: "Folder", width: "minmax(6rem, 1fr)", above: 700, cell: (h) => h.path.join(" › ") });
    }
    list.push({ key: "received", title: "Received", width: "11rem", above: 420, cell: (h) => moment(h.message?.received ?? h.message?.sent) });
    return list;
  }, [mailboxes, words, styles]);
  const onShow = useCallback((_: number, to: number) => {
    if (to >= hits.length - 20) more();
  }, [hits.length, more]);
  const chosen = hits.filter(has).length;
  return (
    <>
      <div className={styles.said} aria-live="polite">
        {found.busy && <Spinner size="extra-tiny" aria-label="Searching" />}
        <Text>{saidOf(found)}</Text>
      </div>
      {found.error !== undefined && <FaultNote title="The search failed" error={found.error} retry={found.retry} />}
      {summary && (summary.pointsBehind > 0n || summary.unreadable > 0n || summary.unsearched.length > 0) && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            {summary.pointsBehind > 0n && <>{counted(summary.pointsBehind, "recovery point is", "recovery points are")} not indexed yet: mail that only they have is not found. </>}
            {summary.unreadable > 0n && <>{counted(summary.unreadable, "message")} could not be read for the index. </>}
            {summary.unsearched.map((u) => <span key={u.repositoryId}>{repositoryName(u.repositoryId)} was not searched: {u.error}. </span>)}
          </MessageBarBody>
        </MessageBar>
      )}
      <Grid<SearchHit>
        label="Messages found" columns={columns} count={hits.length} row={(i) => hits[i]} rowKey={hitKey} onShow={onShow} rowHeight={52}
        selection={{
          has, set,
          all: hits.length === 0 ? undefined : {
            state: chosen === 0 ? false : chosen === hits.length && !summary?.nextCursor ? true : "mixed",
            set: (on) => {
              if (on) void found.upTo(mostOfSearch).then((all) => set(all, true));
              else set(hits, false);
            },
          },
          name: (h) => `Select ${h.message ? subjectOf(h.message) : "the message"}`,
        }}
        onOpen={onOpen} current={current}
        empty={found.busy ? "Searching…" : found.error === undefined ? "No message matches. Try fewer words, or parts of words." : "There is nothing here."}
      />
    </>
  );
}

function saidOf(found: Found): string {
  const s = found.summary;
  if (!s) return found.busy ? "Searching…" : "";
  if (s.total === 0n) return "Nothing found";
  return `${s.atLeast ? "At least " : ""}${s.atLeast ? `${count(s.total)} messages` : counted(s.total, "message")} found, newest first`;
}
