import { useId, useState, type ReactNode } from "react";
import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { DismissRegular, FolderRegular, MailRegular, PersonMailRegular } from "@fluentui/react-icons";
import { allChosen, sender, subjectOf } from "@/pages/recovery/words";
import { cleared, isChosen, messageKey, partKey, withPart, type Draft, type Part } from "@/pages/recovery/draft";
import { counted, mailboxTitle, moment } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";

const useStyles = makeStyles({
  root: {
    display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    paddingTop: tokens.spacingVerticalS, flexShrink: 0,
  },
  line: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalS },
  push: { marginRight: "auto" },
  list: { height: "13rem", display: "flex", flexDirection: "column" },
  name: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, minWidth: 0 },
  text: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
});

interface Item {
  key: string;
  part: Part;
  icon: ReactNode;
  name: string;
  about: string;
  /** The part without it. */
  without: () => Part;
}

function itemsOf(d: Draft): Item[] {
  return d.parts.filter(isChosen).flatMap((part): Item[] => {
    const key = partKey(part.point);
    if (part.whole) {
      return [{
        key, part, icon: <PersonMailRegular aria-hidden />, name: `${mailboxTitle(part.point)}, whole mailbox`, about: counted(part.point.messages, "message"),
        without: () => ({ ...part, whole: false }),
      }];
    }
    return [
      ...[...part.folders.values()].map((f) => ({
        key: `${key}/${f.id}`, part, icon: <FolderRegular aria-hidden />, name: f.name, about: "Folder, with all below it",
        without: () => ({ ...part, folders: new Map([...part.folders].filter(([id]) => id !== f.id)) }),
      })),
      ...[...part.messages.values()].map((m) => ({
        key: `${key}/${messageKey(m)}`, part, icon: <MailRegular aria-hidden />, name: subjectOf(m), about: [sender(m.from), moment(m.received)].filter(Boolean).join(", "),
        without: () => ({ ...part, messages: new Map([...part.messages].filter(([k]) => k !== messageKey(m))) }),
      })),
    ];
  });
}

/** What is chosen so far, over all folders, searches and points; it can be looked at, thinned out, and thrown away. */
export function SelectionBar({ draft, change, note, actions }: { draft: Draft; change: (next: Draft) => void; note?: string; actions?: ReactNode }) {
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  const id = useId();
  const any = draft.parts.some(isChosen);
  return (
    <div className={styles.root}>
      {open && any && <div id={id} className={styles.list}><List draft={draft} change={change} /></div>}
      <div className={styles.line}>
        <Text weight="semibold" aria-live="polite">{any ? `Chosen: ${allChosen(draft)}` : allChosen(draft)}</Text>
        {note && <Text>{note}</Text>}
        <span className={styles.push} />
        {any && (
          <>
            <Button size="small" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>{open ? "Hide the list" : "Show the list"}</Button>
            <Button size="small" onClick={() => change(cleared(draft))}>Clear</Button>
          </>
        )}
        {actions}
      </div>
    </div>
  );
}

function List({ draft, change }: { draft: Draft; change: (next: Draft) => void }) {
  const styles = useStyles();
  const items = itemsOf(draft);
  const several = new Set(items.map((i) => partKey(i.part.point))).size > 1;
  const columns: Column<Item>[] = [
    {
      key: "name", title: "Chosen", width: "minmax(10rem, 2fr)",
      cell: (i) => <span className={styles.name}>{i.icon}<span className={styles.text}>{i.name}</span></span>,
    },
    { key: "about", title: "What it is", width: "minmax(8rem, 1fr)", above: 520, cell: (i) => i.about },
    ...(several ? [{ key: "point", title: "From", width: "minmax(9rem, 1fr)", above: 760, cell: (i: Item) => `${mailboxTitle(i.part.point)}, ${moment(i.part.point.time)}` }] : []),
    {
      key: "remove", title: "Take out", width: "40px", quiet: true,
      cell: (i) => <Button size="small" appearance="subtle" icon={<DismissRegular />} aria-label={`Take out ${i.name}`} onClick={() => change(withPart(draft, i.without()))} />,
    },
  ];
  return <Grid<Item> label="What is chosen" columns={columns} count={items.length} row={(n) => items[n]} rowKey={(i) => i.key} rowHeight={36} />;
}
