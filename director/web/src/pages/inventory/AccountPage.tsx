import { useState } from "react";
import { Badge, Dropdown, Field, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Option, SearchBox, Spinner, Switch, Text, tokens } from "@fluentui/react-components";
import { ArrowSyncRegular, DeleteRegular, EditRegular } from "@fluentui/react-icons";
import { useMutation, useTransport, callUnaryMethod } from "@connectrpc/connect-query";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { refresh } from "@/api/refresh";
import { AccountService, MailboxKind, MailboxOrder, type Account, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { kindNames, useAccount, useAccounts } from "@/pages/inventory/hooks";
import { Confirm } from "@/parts/Confirm";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, count, counted } from "@/parts/format";
import { Grid, type Column, type Sort } from "@/parts/Grid";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { useDebounced } from "@/parts/useDebounced";
import { usePages } from "@/parts/usePages";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  filters: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  search: { minWidth: "16rem", flexGrow: 1, maxWidth: "28rem" },
  count: { color: tokens.colorNeutralForeground2, marginLeft: "auto", paddingBottom: tokens.spacingVerticalS },
});

/** One account: its mailboxes, and what protects them. */
export function AccountPage() {
  const { id = "" } = useParams();
  const accounts = useAccounts();
  const account = useAccount(id);
  return (
    <Loaded query={accounts} what="The account">
      {() => (account ? <Shown account={account} /> : <Gone />)}
    </Loaded>
  );
}

function Gone() {
  return (
    <Page title="There is no such account" crumbs={[{ text: "Inventory", to: "/accounts" }]}>
      <Text>It was removed, or the address is mistyped.</Text>
    </Page>
  );
}

function Shown({ account }: { account: Account }) {
  const navigate = useNavigate();
  const tell = useToasts();
  const onlyAdmins = useForbidden(Role.ADMINISTRATOR);
  const onlyOperators = useForbidden(Role.OPERATOR);
  const [removing, setRemoving] = useState(false);
  const again = useMutation(AccountService.method.refreshAccount, {
    onSuccess: async (answer) => {
      await refresh(AccountService);
      tell.done("The mailboxes were read anew", counted(answer.account?.mailboxes ?? 0n, "mailbox", "mailboxes"));
    },
    onError: (e) => tell.failed("The mailboxes could not be read", e),
  });
  const remove = useMutation(AccountService.method.removeAccount);
  return (
    <Page
      title={account.name} crumbs={[{ text: "Inventory", to: "/accounts" }]} filled
      about={<>Mailboxes read <When at={account.refreshed} />{account.usersWithoutMailbox > 0n && <> · {counted(account.usersWithoutMailbox, "user")} without a mailbox</>}</>}
      actions={
        <>
          <Explained icon={again.isPending ? <Spinner size="tiny" /> : <ArrowSyncRegular />} why={onlyOperators ?? (again.isPending && "The mailboxes are being read.")} onClick={() => again.mutate({ accountId: account.id })}>
            Read mailboxes anew
          </Explained>
          <Explained icon={<EditRegular />} why={onlyAdmins} onClick={() => void navigate(`/accounts/${account.id}/edit`)}>Edit</Explained>
          <Explained icon={<DeleteRegular />} why={onlyAdmins} onClick={() => setRemoving(true)}>Remove</Explained>
        </>
      }
    >
      {account.trouble && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody><MessageBarTitle>Microsoft refused, or could not be reached.</MessageBarTitle> {account.trouble}</MessageBarBody>
        </MessageBar>
      )}
      <Mailboxes account={account} />
      <Confirm
        open={removing} title={`Remove ${account.name}?`} action="Remove the account" typed={account.name} onClose={() => setRemoving(false)}
        onConfirm={async () => {
          await remove.mutateAsync({ accountId: account.id });
          await navigate("/accounts"); // first, or this page says for a moment that there is no such account
          await refresh(AccountService);
        }}
      >
        Its mailboxes are no longer listed or backed up. What was backed up stays in its repositories, and can be recovered to another account.
      </Confirm>
    </Page>
  );
}

const kinds = [MailboxKind.USER, MailboxKind.SHARED, MailboxKind.ROOM, MailboxKind.EQUIPMENT];

const orders: Record<string, MailboxOrder> = {
  name: MailboxOrder.NAME, address: MailboxOrder.ADDRESS, kind: MailboxOrder.KIND, newest: MailboxOrder.NEWEST_POINT,
  points: MailboxOrder.POINTS, size: MailboxOrder.SIZE,
};

function jobsOf(m: Mailbox) {
  const on = m.protection?.jobs.filter((j) => j.enabled) ?? [];
  if (m.gone || m.absent) return "—";
  if (on.length === 0) return <Badge color="warning" appearance="tint">In no job</Badge>;
  return on.map((j) => j.name).join(", ");
}

function nameOf(m: Mailbox) {
  if (m.gone) return <>{m.name} <Badge color="warning" appearance="tint">Gone from Microsoft</Badge></>;
  if (m.absent) return <>{m.name} <Badge appearance="tint" color="informative">No mailbox</Badge></>;
  return m.name;
}

const columns: Column<Mailbox>[] = [
  { key: "name", title: "Name", width: "minmax(10rem, 2fr)", sortable: true, cell: nameOf },
  { key: "address", title: "Address", width: "minmax(10rem, 2fr)", sortable: true, cell: (m) => m.address, above: 700 },
  { key: "kind", title: "Kind", width: "6rem", sortable: true, cell: (m) => (m.absent ? "User" : kindNames[m.kind]), above: 860 },
  { key: "jobs", title: "Backed up by", width: "minmax(8rem, 1fr)", cell: jobsOf },
  { key: "newest", title: "Last point", width: "8rem", sortable: true, cell: (m) => (m.absent ? "—" : <When at={m.protection?.newest} />) },
  { key: "points", title: "Points", width: "5rem", end: true, sortable: true, cell: (m) => count(m.protection?.points ?? 0n), above: 860 },
  { key: "size", title: "Size", width: "6rem", end: true, sortable: true, cell: (m) => (m.protection?.bytes ? bytes(m.protection.bytes) : "—"), above: 980 },
];

function Mailboxes({ account }: { account: Account }) {
  const styles = useStyles();
  const transport = useTransport();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState(params.get("search") ?? "");
  const wanted = useDebounced(search);
  const [sort, setSort] = useState<Sort>({ key: "name", down: false });
  const kind = Number(params.get("kind") ?? 0) as MailboxKind;
  const unprotected = params.get("unprotected") === "1";
  const absent = params.get("absent") === "1";
  const set = (name: string, value: string) =>
    setParams((p) => {
      if (value) p.set(name, value);
      else p.delete(name);
      return p;
    }, { replace: true });
  const query = { accountId: account.id, search: wanted, kinds: kind ? [kind] : [], unprotected, absent, order: orders[sort.key] ?? MailboxOrder.NAME, descending: sort.down };
  const pages = usePages<Mailbox>({
    key: ["mailboxes", query],
    read: async (offset, limit, signal) => {
      const answer = await callUnaryMethod(transport, AccountService.method.listMailboxes, { ...query, protection: true, offset: BigInt(offset), pageSize: limit }, { signal });
      return { rows: answer.mailboxes, total: Number(answer.total) };
    },
  });
  return (
    <>
      <div className={styles.filters}>
        <Field label="Find a mailbox" className={styles.search}>
          <SearchBox value={search} placeholder="Part of a name or address" onChange={(_, d) => { setSearch(d.value); set("search", d.value); }} />
        </Field>
        <Field label="Kind">
          <Dropdown
            value={kind ? kindNames[kind] : "All kinds"} selectedOptions={[String(kind)]} style={{ minWidth: "9rem" }}
            onOptionSelect={(_, d) => set("kind", d.optionValue === "0" ? "" : (d.optionValue ?? ""))}
          >
            <Option value="0">All kinds</Option>
            {kinds.map((k) => <Option key={k} value={String(k)}>{kindNames[k]}</Option>)}
          </Dropdown>
        </Field>
        <Switch label="Only those in no job" checked={unprotected} onChange={(_, d) => set("unprotected", d.checked ? "1" : "")} />
        <Switch label="Users without a mailbox" checked={absent} onChange={(_, d) => set("absent", d.checked ? "1" : "")} />
        <Text className={styles.count} aria-live="polite">{counted(pages.count, "mailbox", "mailboxes")}</Text>
      </div>
      {pages.error !== null && pages.error !== undefined && <FaultNote title="The mailboxes could not be read" error={pages.error} retry={pages.retry} />}
      {pages.pending && !pages.error ? (
        <Spinner label="Loading" style={{ margin: "auto" }} />
      ) : (
        <Grid
          label="Mailboxes" columns={columns} count={pages.count} row={pages.row} rowKey={(m) => m.id} onShow={pages.onShow} sort={sort} onSort={setSort}
          onOpen={(m) => { if (!m.absent) void navigate(`/recovery?account=${account.id}&mailbox=${m.id}`); }}
          empty={wanted || kind || unprotected ? "No mailbox is like that." : "No mailboxes were read yet."}
        />
      )}
    </>
  );
}
