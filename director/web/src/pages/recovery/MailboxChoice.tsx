import { useMemo, useState } from "react";
import { makeStyles, SearchBox, tokens } from "@fluentui/react-components";
import type { Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { useMailboxes } from "@/pages/recovery/hooks";
import { FaultNote } from "@/parts/FaultNote";
import { Grid, type Column } from "@/parts/Grid";
import { useDebounced } from "@/parts/useDebounced";

const useStyles = makeStyles({ list: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, height: "19rem", flexShrink: 0 } });

interface Props {
  accountId: string;
  /** The chosen mailbox. */
  value: string;
  /** What the list is called ("Mailboxes to recover to"). */
  label: string;
  onChange: (m: Mailbox) => void;
}

/** A mailbox of an account, found by its name or address. */
export function MailboxChoice({ accountId, value, label, onChange }: Props) {
  const styles = useStyles();
  const [search, setSearch] = useState("");
  const settled = useDebounced(search.trim());
  const mailboxes = useMailboxes(accountId, settled);
  const columns = useMemo<Column<Mailbox>[]>(() => [
    { key: "name", title: "Mailbox", width: "minmax(9rem, 1fr)", cell: (m) => (m.gone ? `${m.name} (gone)` : m.name) },
    { key: "address", title: "Address", width: "minmax(9rem, 1fr)", above: 360, cell: (m) => m.address },
  ], []);
  return (
    <div className={styles.list}>
      <SearchBox aria-label={`Search ${label.charAt(0).toLowerCase()}${label.slice(1)}`} placeholder="Name or address" value={search} onChange={(_, d) => setSearch(d.value)} />
      {mailboxes.error != null && <FaultNote title="The mailboxes could not be read" error={mailboxes.error} retry={mailboxes.retry} />}
      <Grid<Mailbox>
        label={label} columns={columns} count={mailboxes.count} row={mailboxes.row} rowKey={(m) => m.id} onShow={mailboxes.onShow} rowHeight={36}
        onOpen={(m) => { if (!m.gone) onChange(m); }} current={value} empty={mailboxes.pending ? "Loading…" : "No mailbox of this account matches."}
      />
    </div>
  );
}
