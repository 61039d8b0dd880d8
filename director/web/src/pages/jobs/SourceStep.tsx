import { useMemo, useState } from "react";
import { Button, Link, makeStyles, MessageBar, MessageBarBody, SearchBox, Spinner, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { BuildingRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Job, Source } from "@/gen/holdfast/director/v1/job_pb";
import { useNames } from "@/pages/jobs/hooks";
import { keyOf } from "@/pages/jobs/keys";
import { useMailboxes } from "@/pages/jobs/mailboxes";
import { MailboxTree } from "@/pages/jobs/MailboxTree";
import { OrderList } from "@/pages/jobs/OrderList";
import { PutFirst } from "@/pages/jobs/PutFirst";
import { moved, picked as pickedOf, pickAccount, pickMailboxes, pruned, putFirst } from "@/pages/jobs/source";
import { useJobStyles } from "@/pages/jobs/styles";
import { leaves as leavesOf } from "@/pages/jobs/tree";
import { EmptyState } from "@/parts/EmptyState";
import { FaultNote } from "@/parts/FaultNote";
import { count } from "@/parts/format";
import { useDebounced } from "@/parts/useDebounced";

const useStyles = makeStyles({
  panes: {
    display: "grid", gridTemplateColumns: "minmax(0, 1.25fr) minmax(0, 1fr)", gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: "26rem",
    "@media (max-width: 1100px)": { gridTemplateColumns: "minmax(0, 1fr)", gridAutoRows: "22rem", flexShrink: 0 },
  },
  pane: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minHeight: 0 },
});

/** What is backed up, and in which order. */
export function SourceStep({ draft, change }: { draft: Job; change: (next: Job) => void }) {
  const styles = useStyles();
  const shared = useJobStyles();
  const navigate = useNavigate();
  const names = useNames();
  const accounts = names.accountList;
  const [search, setSearch] = useState("");
  const wanted = useDebounced(search, 150);
  const [open, setOpen] = useState<Set<string> | undefined>();
  const [tab, setTab] = useState("order");
  const [choosing, setChoosing] = useState(false);
  // A single account stands open; of several, those of which a part is chosen.
  const shownOpen = useMemo(() => {
    if (open) return open;
    if (accounts?.length === 1) return new Set(accounts.map((a) => a.id));
    return new Set((draft.source?.items ?? []).filter((i) => i.mailboxId).map((i) => i.accountId));
  }, [open, accounts, draft.source]);
  const needed = useMemo(() => {
    const used = new Set((draft.source?.items ?? []).map((i) => i.accountId));
    return (accounts ?? []).map((a) => a.id).filter((id) => wanted.trim() !== "" || shownOpen.has(id) || used.has(id));
  }, [accounts, draft.source, shownOpen, wanted]);
  const known = useMailboxes(needed);
  const picked = useMemo(() => pickedOf(draft.source), [draft.source]);
  const leaves = useMemo(() => leavesOf(accounts ?? [], known.lists, shownOpen, wanted), [accounts, known.lists, shownOpen, wanted]);
  const found = useMemo(() => (wanted.trim() ? leaves.flatMap((l) => (l.kind === "mailbox" ? [l.mailbox] : [])) : []), [leaves, wanted]);
  const items = draft.source?.items ?? [];
  const row = (index: number) => {
    const i = items[index];
    if (!i) return undefined;
    const account = names.accounts.get(i.accountId) ?? "an account that is gone";
    if (!i.mailboxId) return { key: i.accountId, name: `All of ${account}` };
    const m = known.byKey.get(keyOf(i.accountId, i.mailboxId));
    return { key: keyOf(i.accountId, i.mailboxId), name: m ? m.name || m.address : known.pending ? "…" : "A mailbox that is gone" };
  };
  const left = useMemo(() => (draft.source?.excludedMailboxIds ?? []).map((id) => {
    for (const account of picked.whole) {
      const m = known.byKey.get(keyOf(account, id));
      if (m) return { key: id, name: m.name || m.address };
    }
    return { key: id, name: known.pending ? "…" : "A mailbox that is gone" };
  }), [draft.source, picked, known]);
  const set = (source: Source) => change(pruned({ ...draft, source }));

  if (names.error) return <FaultNote title="The accounts could not be read" error={names.error} />;
  if (!accounts) return <Spinner label="Loading" />;
  if (accounts.length === 0) {
    return (
      <EmptyState icon={<BuildingRegular />} title="No account yet" actions={<Button appearance="primary" onClick={() => void navigate("/accounts/new")}>Add an account</Button>}>
        A job backs up mailboxes of a Microsoft 365 account. Add the account first.
      </EmptyState>
    );
  }
  return (
    <>
      <Text>Choose whole accounts, with all mailboxes that come later too, or single mailboxes. Of a whole account, uncheck what is to be left out.</Text>
      {known.error !== undefined && <FaultNote title="Mailboxes could not be read" error={known.error} retry={known.retry} />}
      <div className={styles.panes}>
        <div className={styles.pane}>
          <div className={shared.bar}>
            <SearchBox className={shared.search} aria-label="Search mailboxes" placeholder="Search by name or address" value={search} onChange={(_, d) => setSearch(d.value)} />
            {found.length > 0 && (
              <>
                <Button size="small" onClick={() => set(pickMailboxes(draft.source, found, true, picked))}>Choose all {count(found.length)} found</Button>
                <Button size="small" onClick={() => set(pickMailboxes(draft.source, found, false, picked))}>Leave them</Button>
              </>
            )}
            {wanted.trim() !== "" && known.pending && <Spinner size="tiny" label="Reading mailboxes" />}
          </div>
          <MailboxTree
            leaves={leaves} picked={picked} onMailboxes={(list, on) => set(pickMailboxes(draft.source, list, on, picked))}
            onAccount={(id, on) => set(pickAccount(draft.source, id, on, known.lists.get(id) ?? []))}
            onOpen={(id, on) => setOpen(() => { const next = new Set(shownOpen); if (on) next.add(id); else next.delete(id); return next; })}
          />
          {leaves.length === 0 && wanted.trim() !== "" && !known.pending && <MessageBar><MessageBarBody>No mailbox contains “{wanted.trim()}”. New mailboxes appear after the account is refreshed.</MessageBarBody></MessageBar>}
        </div>
        <div className={styles.pane}>
          <div className={shared.bar}>
            <TabList size="small" selectedValue={tab} onTabSelect={(_, d) => setTab(String(d.value))} aria-label="What was chosen">
              <Tab value="order">Order ({count(items.length)})</Tab>
              <Tab value="out">Left out ({count(left.length)})</Tab>
            </TabList>
            {tab === "order" && picked.whole.size > 0 && <Link as="button" className={shared.push} onClick={() => setChoosing(true)}>Put a mailbox first…</Link>}
          </div>
          {tab === "order" ? (
            <OrderList
              label="Order of processing" length={items.length} row={row} onMove={(from, to) => set(moved(draft.source, from, to))}
              onRemove={(i) => {
                const item = draft.source?.items[i];
                if (!item) return;
                if (!item.mailboxId) set(pickAccount(draft.source, item.accountId, false, known.lists.get(item.accountId) ?? []));
                else set({ ...(draft.source as Source), items: draft.source?.items.filter((_, n) => n !== i) ?? [] });
              }}
              empty="Nothing is chosen yet. What you choose is processed in the order in which it stands here."
            />
          ) : (
            <LeftOut rows={left} onBack={(id) => set({ ...(draft.source as Source), excludedMailboxIds: draft.source?.excludedMailboxIds.filter((x) => x !== id) ?? [] })} />
          )}
          {tab === "order" && items.length > 1 && <Text size={200} className={shared.soft}>From top to bottom. Drag, or press Alt with an arrow key.</Text>}
        </div>
      </div>
      {choosing && (
        <PutFirst
          mailboxes={[...picked.whole].flatMap((id) => known.lists.get(id) ?? []).filter((m) => !picked.excluded.has(m.id) && !picked.single.has(keyOf(m.accountId, m.id)))}
          onDone={(list) => { set(putFirst(draft.source, list)); setChoosing(false); }} onClose={() => setChoosing(false)}
        />
      )}
    </>
  );
}

function LeftOut({ rows, onBack }: { rows: { key: string; name: string }[]; onBack: (id: string) => void }) {
  const shared = useJobStyles();
  if (rows.length === 0) return <Text className={shared.soft}>Nothing is left out. Uncheck a mailbox of a whole account to leave it out.</Text>;
  return (
    <ul className={shared.list} aria-label="Left out" style={{ overflow: "auto", flexGrow: 1 }}>
      {rows.slice(0, 500).map((r) => (
        <li key={r.key}>{r.name} <Link as="button" inline onClick={() => onBack(r.key)} aria-label={`Take it in again: ${r.name}`}>Take it in again</Link></li>
      ))}
      {rows.length > 500 && <li>{count(rows.length - 500)} more</li>}
    </ul>
  );
}
