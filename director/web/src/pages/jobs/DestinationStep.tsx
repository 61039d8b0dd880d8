import { useMemo, useState } from "react";
import { Button, Dropdown, Field, MessageBar, MessageBarBody, Option, Radio, RadioGroup, Spinner, Subtitle2, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text } from "@fluentui/react-components";
import { ArchiveRegular } from "@fluentui/react-icons";
import { create } from "@bufbuild/protobuf";
import { useNavigate } from "react-router";
import { AccountDestinationSchema, DestinationSchema, MailboxDestinationSchema, type Destination, type Job } from "@/gen/holdfast/director/v1/job_pb";
import { useNames } from "@/pages/jobs/hooks";
import { accountsOf, expand, keyOf } from "@/pages/jobs/keys";
import { useMailboxes } from "@/pages/jobs/mailboxes";
import { MailboxPicker } from "@/pages/jobs/MailboxPicker";
import { RepositoryChoice } from "@/pages/jobs/RepositoryChoice";
import { useJobStyles } from "@/pages/jobs/styles";
import { EmptyState } from "@/parts/EmptyState";
import { FaultNote } from "@/parts/FaultNote";

interface Props {
  draft: Job;
  change: (next: Job) => void;
}

/** Where backups go: one repository for all, or another for some accounts or mailboxes. */
export function DestinationStep({ draft, change }: Props) {
  const styles = useJobStyles();
  const navigate = useNavigate();
  const names = useNames();
  const d = draft.destination ?? create(DestinationSchema);
  const [advanced, setAdvanced] = useState(d.accounts.length + d.mailboxes.length > 0);
  const set = (next: Partial<Destination>) => change({ ...draft, destination: { ...d, ...next } });
  if (names.error) return <FaultNote title="The repositories could not be read" error={names.error} />;
  if (!names.repositoryList) return <Spinner label="Loading" />;
  if (names.repositoryList.length === 0) {
    return (
      <EmptyState icon={<ArchiveRegular />} title="No repository yet" actions={<Button appearance="primary" onClick={() => void navigate("/repositories/new")}>Create a repository</Button>}>
        Backups are kept in a repository: a folder on a Transporter’s disk. Create one first; save this job as a draft to go on with it then.
      </EmptyState>
    );
  }
  const chosen = names.repositoryList.find((r) => r.id === d.repositoryId);
  return (
    <>
      <RadioGroup
        aria-label="How many repositories" value={advanced ? "advanced" : "single"}
        onChange={(_, x) => {
          setAdvanced(x.value === "advanced");
          if (x.value === "single") set({ accounts: [], mailboxes: [] });
        }}
      >
        <Radio value="single" label="One repository for all mailboxes" />
        <Radio value="advanced" label="Advanced: another one for some accounts or mailboxes" />
      </RadioGroup>
      <Field label={advanced ? "Repository of all that has no other" : "Repository"} className={styles.narrow}>
        <RepositoryChoice value={d.repositoryId} none={advanced ? "None: each account and mailbox has its own" : undefined} onChange={(repositoryId) => set({ repositoryId })} />
      </Field>
      {chosen && !chosen.attached && <MessageBar intent="warning"><MessageBarBody>{chosen.name} is detached now. Runs need it to be attached.</MessageBarBody></MessageBar>}
      {draft.lastRunId !== "" && (
        <Text className={styles.soft}>Where a mailbox goes can be changed. From the next run on it is backed up anew in the other repository; its older recovery points stay where they are, and stay recoverable.</Text>
      )}
      {advanced && <Accounts draft={draft} d={d} set={set} />}
      {advanced && <Mailboxes draft={draft} d={d} set={set} />}
    </>
  );
}

interface PartProps {
  draft: Job;
  d: Destination;
  set: (next: Partial<Destination>) => void;
}

function Accounts({ draft, d, set }: PartProps) {
  const names = useNames();
  return (
    <>
      <Subtitle2 as="h2">Accounts</Subtitle2>
      <Table size="small" aria-label="Repositories of accounts" style={{ maxWidth: "44rem" }}>
        <TableHeader><TableRow><TableHeaderCell>Account</TableHeaderCell><TableHeaderCell>Goes to</TableHeaderCell></TableRow></TableHeader>
        <TableBody>
          {accountsOf(draft.source).map((accountId) => {
            const name = names.accounts.get(accountId) ?? "An account that is gone";
            return (
              <TableRow key={accountId}>
                <TableCell>{name}</TableCell>
                <TableCell>
                  <RepositoryChoice
                    label={`Repository of ${name}`} none="Like all" value={d.accounts.find((a) => a.accountId === accountId)?.repositoryId ?? ""}
                    onChange={(repositoryId) => {
                      const rest = d.accounts.filter((a) => a.accountId !== accountId);
                      set({ accounts: repositoryId ? [...rest, create(AccountDestinationSchema, { accountId, repositoryId })] : rest });
                    }}
                  />
                </TableCell>
              </TableRow>
            );
          })}
        </TableBody>
      </Table>
    </>
  );
}

function Mailboxes({ draft, d, set }: PartProps) {
  const styles = useJobStyles();
  const names = useNames();
  const known = useMailboxes(accountsOf(draft.source));
  const mailboxes = useMemo(() => expand(draft.source, known.lists, known.byKey), [draft.source, known]);
  const goals = useMemo(() => new Map(d.mailboxes.map((m) => [keyOf(m.accountId, m.mailboxId), m.repositoryId])), [d.mailboxes]);
  const [chosen, setChosen] = useState<Set<string>>(() => new Set());
  const send = (repositoryId: string) => {
    const rest = d.mailboxes.filter((m) => !chosen.has(keyOf(m.accountId, m.mailboxId)));
    const added = repositoryId ? mailboxes.filter((m) => chosen.has(keyOf(m.accountId, m.id))).map((m) => create(MailboxDestinationSchema, { accountId: m.accountId, mailboxId: m.id, repositoryId })) : [];
    set({ mailboxes: [...rest, ...added] });
    setChosen(new Set());
  };
  return (
    <>
      <Subtitle2 as="h2">Single mailboxes</Subtitle2>
      {known.error !== undefined && <FaultNote title="The mailboxes could not be read" error={known.error} retry={known.retry} />}
      {known.pending ? <Spinner label="Reading mailboxes" style={{ alignSelf: "flex-start" }} /> : (
        <div className={styles.stack} style={{ height: "24rem", flexShrink: 0 }}>
          <MailboxPicker
            label="Repositories of mailboxes" mailboxes={mailboxes} chosen={chosen} onChoose={setChosen}
            more={[{ key: "to", title: "Goes to", width: "minmax(8rem, 1fr)", cell: (m) => { const id = goals.get(keyOf(m.accountId, m.id)); return id ? names.repositories.get(id) ?? "A repository that is gone" : <span className={styles.soft}>Like its account</span>; } }]}
            tools={
              <Dropdown
                aria-label="Send the chosen mailboxes to" placeholder={chosen.size === 0 ? "Choose mailboxes to send them elsewhere" : "Send the chosen ones to…"} selectedOptions={[]} value="" disabled={chosen.size === 0}
                style={{ minWidth: "16rem" }} onOptionSelect={(_, x) => send(x.optionValue === "none" ? "" : x.optionValue ?? "")}
              >
                <Option value="none">Like its account</Option>
                {(names.repositoryList ?? []).map((r) => <Option key={r.id} value={r.id}>{r.name}</Option>)}
              </Dropdown>
            }
          />
        </div>
      )}
    </>
  );
}
