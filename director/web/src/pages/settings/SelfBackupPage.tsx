import { useState } from "react";
import { Card, Field, Input, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, SpinButton, Spinner, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { AddRegular, PlayRegular } from "@fluentui/react-icons";
import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { refresh } from "@/api/refresh";
import { DirectorBackupSchema, MaintenanceService, type DirectorBackup, type DirectorBackupFile } from "@/gen/holdfast/director/v1/maintenance_pb";
import { DataTable, type DataColumn } from "@/parts/DataTable";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { bytes, moment } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { ScheduleEditor } from "@/parts/schedule/ScheduleEditor";
import { anyWrong, fresh } from "@/parts/schedule/schedules";
import { useToasts } from "@/parts/Toasts";
import { When } from "@/parts/When";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "60rem" },
  narrow: { maxWidth: "36rem" },
  foot: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  files: { display: "flex", flexDirection: "column", minHeight: "12rem" },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** The shortest passphrase that the Director takes. */
const shortest = 12;

/** The backup of the Director itself, and how long history is kept. */
export function SelfBackupPage() {
  const backup = useQuery(MaintenanceService.method.getDirectorBackup, {}, { refetchInterval: 15_000 });
  return (
    <Page title="Self-backup" about="The Director’s own state: accounts, jobs, users, history. Mail is in the repositories, and opens without it.">
      <Loaded query={backup} what="The settings">{(data) => <Form stored={data.backup ?? create(DirectorBackupSchema)} />}</Loaded>
      <Files />
      <History />
    </Page>
  );
}

function Form({ stored }: { stored: DirectorBackup }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const administrators = useForbidden(Role.ADMINISTRATOR);
  const operators = useForbidden(Role.OPERATOR);
  const [draft, setDraft] = useState(() => ({ ...stored, schedules: stored.schedules }));
  const [phrase, setPhrase] = useState("");
  const [again, setAgain] = useState("");
  const [changed, setChanged] = useState(false);
  const save = useMutation(MaintenanceService.method.setDirectorBackup, {
    onSuccess: async () => {
      setChanged(false);
      setPhrase("");
      setAgain("");
      await refresh(MaintenanceService);
      tell.done("The settings were saved");
    },
  });
  const start = useMutation(MaintenanceService.method.startDirectorBackup, {
    onSuccess: (answer) => void navigate(`/activities/${answer.activityId}`),
    onError: (e) => tell.failed("The backup could not be begun", e),
  });
  const change = (part: Partial<DirectorBackup>) => {
    setDraft({ ...draft, ...part });
    setChanged(true);
  };
  const wrong =
    (phrase !== "" && phrase.length < shortest ? `The passphrase has ${shortest} characters at least.` : undefined) ??
    (phrase !== again ? "Enter the same passphrase twice." : undefined) ??
    (draft.folder && !stored.passphraseSet && !phrase ? "Choose a passphrase: the backup holds secrets." : undefined) ?? anyWrong(draft.schedules);
  return (
    <div className={styles.form}>
      {stored.lastError && <MessageBar intent="error" layout="multiline"><MessageBarBody><MessageBarTitle>The last backup failed.</MessageBarTitle> {stored.lastError}</MessageBarBody></MessageBar>}
      {stored.lastSucceeded && <Text className={styles.soft}>Last backed up <When at={stored.lastSucceeded} />{stored.nextStart && <>, next {moment(stored.nextStart)}</>}</Text>}
      <Field label="Folder on the Director’s machine" hint="Best on another disk, or one that is copied away. Empty: the Director is not backed up." className={styles.narrow}>
        <Input value={draft.folder} spellCheck={false} onChange={(_, d) => change({ folder: d.value })} />
      </Field>
      <Field label="Keep so many files" className={styles.narrow}>
        <SpinButton value={draft.keep || 14} min={1} max={1000} onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n)) change({ keep: n }); }} />
      </Field>
      <Field label={stored.passphraseSet ? "Another passphrase" : "Passphrase"} hint={stored.passphraseSet ? "Empty keeps the one that is set." : "It is not stored, and nobody can tell it to you again: keep it in another place."} className={styles.narrow}>
        <Input type="password" autoComplete="new-password" value={phrase} onChange={(_, d) => { setPhrase(d.value); setChanged(true); }} />
      </Field>
      {phrase !== "" && <Field label="The passphrase, again" className={styles.narrow}><Input type="password" autoComplete="new-password" value={again} onChange={(_, d) => setAgain(d.value)} /></Field>}
      {draft.schedules.map((s, i) => (
        <ScheduleEditor
          key={i} number={i + 1} schedule={s} startsOnly others={[]} onChange={(next) => change({ schedules: draft.schedules.map((x, n) => (n === i ? next : x)) })}
          onRemove={() => change({ schedules: draft.schedules.filter((_, n) => n !== i) })}
        />
      ))}
      {save.error && <FaultNote title="The settings were not saved" error={save.error} />}
      <div className={styles.foot}>
        <Explained appearance="primary" why={administrators ?? wrong ?? (!changed && "Nothing was changed.")} icon={save.isPending ? <Spinner size="tiny" /> : undefined} onClick={() => save.mutate({ backup: draft, passphrase: phrase })}>Save</Explained>
        <Explained icon={<AddRegular />} why={administrators} onClick={() => change({ schedules: [...draft.schedules, fresh("weekly")] })}>Add a time</Explained>
        <Explained icon={<PlayRegular />} why={operators ?? (!stored.folder || !stored.passphraseSet ? "First save a folder and a passphrase." : undefined)} onClick={() => start.mutate({})}>Back up now</Explained>
      </div>
    </div>
  );
}

const columns: DataColumn<DirectorBackupFile>[] = [
  { key: "name", title: "File", width: "minmax(12rem, 2fr)", cell: (f) => f.name, value: (f) => f.name },
  { key: "made", title: "Made", width: "10rem", cell: (f) => <When at={f.made} />, value: (f) => f.made?.seconds },
  { key: "size", title: "Size", width: "6rem", end: true, cell: (f) => bytes(f.bytes), value: (f) => f.bytes },
  { key: "state", title: "State", width: "minmax(8rem, 1fr)", cell: (f) => f.error || "Readable" },
];

function Files() {
  const styles = useStyles();
  const files = useQuery(MaintenanceService.method.listDirectorBackups, {}, { staleTime: 0, refetchInterval: 5_000 });
  const list = files.data?.files ?? [];
  if (list.length === 0) return null;
  return (
    <section className={styles.files} aria-label="Backups that are there" style={{ height: `${Math.min(list.length, 8) * 44 + 140}px`, flexShrink: 0, minHeight: "12rem" }}>
      <Subtitle2 as="h2">Backups that are there</Subtitle2>
      <DataTable label="Backups of the Director" columns={columns} rows={list} rowKey={(f) => f.name} sortedBy="-made" />
      <Text size={200} className={styles.soft}>To restore one: holdfast-director restore FILE, on the machine that shall be the Director.</Text>
    </section>
  );
}

function History() {
  const styles = useStyles();
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const history = useQuery(MaintenanceService.method.getHistory, {});
  const [days, setDays] = useState<number>();
  const set = useMutation(MaintenanceService.method.setHistory, {
    onSuccess: async () => {
      setDays(undefined);
      await refresh(MaintenanceService);
      tell.done("That was saved");
    },
    onError: (e) => tell.failed("That was not saved", e),
  });
  const now = history.data?.history?.days || 400;
  return (
    <Card className={styles.narrow}>
      <Subtitle2 as="h2">History</Subtitle2>
      <Field label="Keep runs, activities and the audit log for so many days">
        <SpinButton value={days ?? now} min={1} max={36_500} onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n) && n > 0) setDays(n); }} />
      </Field>
      <div>
        <Explained why={forbidden ?? ((days === undefined || days === now) && "Nothing was changed.")} onClick={() => set.mutate({ history: { days: days ?? now } })}>Save the number of days</Explained>
      </div>
    </Card>
  );
}
