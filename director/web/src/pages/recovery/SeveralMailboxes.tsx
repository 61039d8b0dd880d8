import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { partKey, type Draft, type Part } from "@/pages/recovery/draft";
import { allChosen } from "@/pages/recovery/words";
import { bytes, count, mailboxTitle, moment } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";

const useStyles = makeStyles({ root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, flexGrow: 1, minHeight: "16rem" } });

/** Whole mailboxes that are recovered together. To choose folders and messages, one mailbox is recovered at a time. */
export function SeveralMailboxes({ draft, change }: { draft: Draft; change: (next: Draft) => void }) {
  const styles = useStyles();
  const columns: Column<Part>[] = [
    { key: "name", title: "Mailbox", width: "minmax(10rem, 2fr)", cell: (p) => mailboxTitle(p.point) },
    { key: "address", title: "Address", width: "minmax(8rem, 2fr)", above: 620, cell: (p) => p.point.mailboxAddress },
    { key: "time", title: "Recovery point", width: "11rem", cell: (p) => moment(p.point.time) },
    { key: "messages", title: "Messages", width: "7rem", end: true, above: 480, cell: (p) => count(p.point.messages) },
    { key: "bytes", title: "Size", width: "6rem", end: true, above: 560, cell: (p) => bytes(p.point.bytes) },
    {
      key: "out", title: "Take out", width: "44px", quiet: true,
      cell: (p) => (
        <Button
          size="small" appearance="subtle" icon={<DismissRegular />} aria-label={`Take out ${mailboxTitle(p.point)}`}
          onClick={() => change({ ...draft, parts: draft.parts.filter((x) => partKey(x.point) !== partKey(p.point)) })}
        />
      ),
    },
  ];
  return (
    <div className={styles.root}>
      <Text>These mailboxes are recovered whole, as one activity. To choose folders or messages, choose a single mailbox in the first step.</Text>
      <Grid<Part> label="Mailboxes to recover" columns={columns} count={draft.parts.length} row={(i) => draft.parts[i]} rowKey={(p) => partKey(p.point)} />
      <Text weight="semibold">{allChosen(draft)}</Text>
    </div>
  );
}
