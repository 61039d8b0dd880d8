import { useMemo, useState, type ReactNode } from "react";
import { SearchBox, Text } from "@fluentui/react-components";
import { MailboxKind, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { keyOf, matches } from "@/pages/jobs/keys";
import { useJobStyles } from "@/pages/jobs/styles";
import { count } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";
import { useDebounced } from "@/parts/useDebounced";

const kinds: Record<MailboxKind, string> = {
  [MailboxKind.UNSPECIFIED]: "",
  [MailboxKind.USER]: "User",
  [MailboxKind.SHARED]: "Shared",
  [MailboxKind.ROOM]: "Room",
  [MailboxKind.EQUIPMENT]: "Equipment",
};

export function kindName(kind: MailboxKind): string {
  return kinds[kind] ?? "";
}

interface Props {
  label: string;
  mailboxes: Mailbox[];
  /** Chosen ones, by account and id; see keyOf. */
  chosen: ReadonlySet<string>;
  onChoose: (chosen: Set<string>) => void;
  /** Columns behind name and address. */
  more?: Column<Mailbox>[];
  /** Beside the search box. */
  tools?: ReactNode;
  empty?: string;
}

/** Chooses among mailboxes, as many as there are. What is chosen stays chosen whatever is searched for. */
export function MailboxPicker({ label, mailboxes, chosen, onChoose, more = [], tools, empty }: Props) {
  const styles = useJobStyles();
  const [search, setSearch] = useState("");
  const wanted = useDebounced(search, 150).trim().toLowerCase();
  const found = useMemo(() => (wanted ? mailboxes.filter((m) => matches(m, wanted)) : mailboxes), [mailboxes, wanted]);
  const here = useMemo(() => found.reduce((n, m) => n + (chosen.has(keyOf(m.accountId, m.id)) ? 1 : 0), 0), [found, chosen]);
  const set = (rows: Mailbox[], on: boolean) => {
    const next = new Set(chosen);
    for (const m of rows) {
      if (on) next.add(keyOf(m.accountId, m.id));
      else next.delete(keyOf(m.accountId, m.id));
    }
    onChoose(next);
  };
  const columns: Column<Mailbox>[] = [
    { key: "name", title: "Name", width: "minmax(8rem, 1fr)", cell: (m) => m.name || m.address },
    { key: "address", title: "Address", width: "minmax(10rem, 1.2fr)", cell: (m) => m.address, above: 420 },
    ...more,
  ];
  return (
    <>
      <div className={styles.bar}>
        <SearchBox className={styles.search} aria-label="Search mailboxes" placeholder="Search by name or address" value={search} onChange={(_, d) => setSearch(d.value)} />
        <Text className={styles.soft} aria-live="polite">{count(chosen.size)} chosen of {count(mailboxes.length)}</Text>
        {tools}
      </div>
      <Grid
        label={label} columns={columns} count={found.length} row={(i) => found[i]} rowKey={(m) => keyOf(m.accountId, m.id)} rowHeight={36}
        empty={wanted ? `No mailbox here contains “${search.trim()}”.` : empty}
        selection={{
          has: (m) => chosen.has(keyOf(m.accountId, m.id)), set,
          all: { state: here === 0 ? false : here === found.length ? true : "mixed", set: (on) => set(found, on) },
          name: (m) => `Select ${m.name || m.address}`,
        }}
      />
    </>
  );
}
