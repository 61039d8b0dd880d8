import { useEffect, useState } from "react";
import { create } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { Checkbox, Field, Input, makeStyles, Radio, RadioGroup, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { AccountService } from "@/gen/holdfast/director/v1/inventory_pb";
import { IfExists, IfFolderExists, StartRecoveryRequestSchema, type StartRecoveryRequest } from "@/gen/holdfast/director/v1/recovery_pb";
import { accountOf, base, chosenParts, isOriginal, type Draft } from "@/pages/recovery/draft";
import { MailboxChoice } from "@/pages/recovery/MailboxChoice";
import { mailboxTitle } from "@/parts/format";

const useStyles = makeStyles({
  part: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS, maxWidth: "46rem" },
  list: { marginLeft: "32px" },
  soft: { color: tokens.colorNeutralForeground2 },
  name: { maxWidth: "24rem", marginLeft: "32px" },
});

interface Props {
  draft: Draft;
  change: (next: Draft) => void;
}

/** Where the mail goes, and what becomes of what is there already. */
export function OptionsStep({ draft, change }: Props) {
  const styles = useStyles();
  const set = (values: Partial<StartRecoveryRequest>) => change({ ...draft, request: create(StartRecoveryRequestSchema, { ...draft.request, ...values }) });
  const folders = chosenParts(draft).some((p) => p.whole || p.folders.size > 0);
  return (
    <>
      <section className={styles.part} aria-labelledby="where">
        <Subtitle2 as="h2" id="where">Where to</Subtitle2>
        <Where draft={draft} change={change} />
      </section>
      <section className={styles.part}>
        <Subtitle2 as="h2" id="under">Folder</Subtitle2>
        <Under draft={draft} change={change} />
      </section>
      <section className={styles.part}>
        <Subtitle2 as="h2">If a message is still there</Subtitle2>
        <RadioGroup
          aria-label="If a message is still there" value={String(draft.request.ifExists)} onChange={(_, d) => set({ ifExists: Number(d.value) as IfExists })}
        >
          <Radio value={String(IfExists.SKIP)} label={{ children: <Choice title="Skip it" about="What is there stays as it is. Only what is missing comes back." /> }} />
          <Radio value={String(IfExists.RENAME)} label={{ children: <Choice title="Rename" about="What is there stays. The kept message comes back into a folder beside, named like its own with “(recovered)” behind." /> }} />
          <Radio value={String(IfExists.OVERWRITE)} label={{ children: <Choice title="Overwrite" about="The kept message takes its place. An undo puts it back." /> }} />
        </RadioGroup>
      </section>
      {folders && (
        <section className={styles.part}>
          <Subtitle2 as="h2">If a chosen folder is still there and holds something</Subtitle2>
          <RadioGroup
            aria-label="If a chosen folder is still there" value={String(draft.request.ifFolderExists)}
            onChange={(_, d) => set({ ifFolderExists: Number(d.value) as IfFolderExists })}
          >
            <Radio value={String(IfFolderExists.UNSPECIFIED)} label={{ children: <Choice title="Merge into it" about="Each message is treated as chosen above." /> }} />
            <Radio value={String(IfFolderExists.SKIP)} label={{ children: <Choice title="Merge, and skip messages that are there" about="" /> }} />
            <Radio value={String(IfFolderExists.OVERWRITE)} label={{ children: <Choice title="Merge, and overwrite messages that are there" about="" /> }} />
            <Radio value={String(IfFolderExists.RENAME)} label={{ children: <Choice title="Recover beside it" about="Into a folder with “(recovered)” and the day in its name." /> }} />
          </RadioGroup>
        </section>
      )}
    </>
  );
}

function Choice({ title, about }: { title: string; about: string }) {
  const styles = useStyles();
  return (
    <span style={{ display: "flex", flexDirection: "column" }}>
      <span>{title}</span>
      {about && <Text size={200} className={styles.soft}>{about}</Text>}
    </span>
  );
}

/** Why mail cannot go back to where it came from; undefined when it can, or while nobody knows. */
function useNoOriginal(draft: Draft): string | undefined {
  const point = base(draft)?.point;
  const other = draft.request.accountId !== "" && draft.request.accountId !== point?.accountId;
  const several = draft.parts.length > 1;
  const search = point?.mailboxAddress ?? "";
  const query = useQuery(
    AccountService.method.listMailboxes, { accountId: point?.accountId ?? "", search, absent: true, pageSize: 100 },
    { enabled: !other && !several && search !== "" },
  );
  if (other) return "Another account was chosen than that of the backup.";
  if (several || !query.data) return undefined;
  const there = query.data.mailboxes.find((m) => m.id === point?.mailboxId);
  if (there?.gone) return "The mailbox is gone from the tenant.";
  if (there?.absent) return `The user has no mailbox any more: ${there.absent}`;
  return undefined;
}

function Where({ draft, change }: Props) {
  const styles = useStyles();
  const why = useNoOriginal(draft);
  const [other, setOther] = useState(!isOriginal(draft));
  const elsewhere = other || why !== undefined;
  const parts = chosenParts(draft);
  const from = parts.length > 1 ? "each mailbox it came from" : parts[0] ? mailboxTitle(parts[0].point) : "the mailbox it came from";
  useEffect(() => {
    if (elsewhere !== draft.elsewhere) change({ ...draft, elsewhere });
  });
  return (
    <>
      <RadioGroup
        aria-labelledby="where" value={elsewhere ? "other" : "original"}
        onChange={(_, d) => {
          setOther(d.value === "other");
          if (d.value === "original") {
            change({ ...draft, elsewhere: false, target: undefined, apart: false, request: create(StartRecoveryRequestSchema, { ...draft.request, mailboxId: "" }) });
          }
        }}
      >
        <Radio value="original" disabled={why !== undefined} label={{ children: <Choice title={`To the original location: ${from}`} about={why ?? ""} /> }} />
        <Radio value="other" label={draft.target ? `To another mailbox: ${draft.target.name}` : "To another mailbox"} />
      </RadioGroup>
      {elsewhere && (
        <div className={styles.list}>
          <MailboxChoice
            accountId={accountOf(draft)} value={draft.request.mailboxId} label="Mailboxes to recover to"
            onChange={(m) => change({ ...draft, target: m, request: create(StartRecoveryRequestSchema, { ...draft.request, mailboxId: m.id }) })}
          />
        </div>
      )}
      {elsewhere && parts.length > 1 && (
        <Checkbox
          className={styles.name} label="A folder for each mailbox, of its name" checked={draft.apart}
          onChange={(_, d) => change({ ...draft, apart: d.checked === true })}
        />
      )}
    </>
  );
}

function Under({ draft, change }: Props) {
  const styles = useStyles();
  const [on, setOn] = useState(draft.request.intoFolder !== "");
  const set = (intoFolder: string) => change({ ...draft, request: create(StartRecoveryRequestSchema, { ...draft.request, intoFolder }) });
  return (
    <>
      <RadioGroup aria-labelledby="under" value={on ? "under" : "own"} onChange={(_, d) => { setOn(d.value === "under"); set(d.value === "under" ? "Recovered" : ""); }}>
        <Radio value="own" label="Into the folders it was in" />
        <Radio value="under" label="Under a new folder at the top" />
      </RadioGroup>
      {on && (
        <Field label="Name of the folder" className={styles.name} validationMessage={draft.request.intoFolder.trim() ? undefined : "The folder needs a name."}>
          <Input value={draft.request.intoFolder} maxLength={200} onChange={(_, d) => set(d.value)} />
        </Field>
      )}
    </>
  );
}
