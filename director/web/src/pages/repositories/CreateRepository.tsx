import { useState } from "react";
import { Dropdown, Field, Input, Option, Radio, RadioGroup, Switch, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { Codec, CreateRepositoryRequestSchema, RepositoryKeySchema, RepositoryService, type CreateRepositoryRequest } from "@/gen/holdfast/director/v1/inventory_pb";
import { codecHints, codecNames, codecs } from "@/pages/repositories/hooks";
import { KeyForm, keyProblem } from "@/pages/repositories/KeyForm";
import { useTransporters } from "@/pages/transporters/hooks";
import { Facts } from "@/parts/Facts";
import { useToasts } from "@/parts/Toasts";
import { Wizard } from "@/parts/Wizard";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "36rem" } });

type Draft = CreateRepositoryRequest;

// Drafts outlive a reload of the page without their passphrase, which is typed again.
const keep = {
  key: "holdfast.draft.repository",
  save: (d: Draft) => toJsonString(CreateRepositoryRequestSchema, { ...d, key: d.key && create(RepositoryKeySchema, { keyFile: d.key.keyFile }) }),
  load: (text: string) => fromJsonString(CreateRepositoryRequestSchema, text),
};

function placeProblem(d: Draft): string | undefined {
  if (!d.name.trim()) return "Give the repository a name.";
  if (!d.transporterId) return "Choose a Transporter.";
  if (!d.path.trim()) return "Enter the folder.";
  if (!/^(\/|[a-z]:[\\/]|\\\\)/i.test(d.path)) return "Enter the whole path of the folder, from the root of its disk.";
  return undefined;
}

/** Creates a repository: where it lies, then how it stores. The Transporter checks the folder before anything is kept. */
export function CreateRepository() {
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const make = useMutation(RepositoryService.method.createRepository);
  const [again, setAgain] = useState("");
  const transporters = useTransporters().data?.transporters;
  const name = (id: string) => transporters?.find((t) => t.id === id)?.name ?? "";
  return (
    <Wizard<Draft>
      title="Create a repository" crumbs={[{ text: "Repositories", to: "/repositories" }]} base="/repositories/new" back="/repositories" keep={keep}
      initial={create(CreateRepositoryRequestSchema, { codec: Codec.BALANCED, transporterId: transporters?.length === 1 ? transporters[0]?.id : "" })}
      steps={[
        { key: "place", title: "Place", problem: placeProblem, content: (d, change) => <Place draft={d} change={change} /> },
        {
          key: "options", title: "Options", problem: (d) => (d.key ? keyProblem(d.key, again) : undefined),
          content: (d, change) => <Options draft={d} change={change} again={again} setAgain={setAgain} />,
        },
        {
          key: "finish", title: "Finish",
          content: (d) => (
            <>
              <Facts of={[["Name", d.name], ["Transporter", name(d.transporterId)], ["Folder", d.path], ["Compression", codecNames[d.codec]], ["Encryption", d.key ? (d.key.keyFile ? `Key file ${d.key.keyFile}` : "Passphrase") : "None"]]} />
              {d.key && (
                <MessageBar intent="warning" layout="multiline">
                  <MessageBarBody>
                    Keep {d.key.keyFile ? "a copy of the key file" : "the passphrase"} in another place too. Without it nobody can read this repository, and nobody can help.
                  </MessageBarBody>
                </MessageBar>
              )}
            </>
          ),
        },
      ]}
      finish={[
        {
          title: "Create it", primary: true, why: () => forbidden,
          act: async (d) => {
            const answer = await make.mutateAsync({ ...d, name: d.name.trim(), path: d.path.trim() });
            await refresh(RepositoryService);
            tell.done(`${d.name.trim()} was created`);
            return `/repositories/${answer.repository?.id ?? ""}`;
          },
        },
      ]}
    />
  );
}

interface StepProps {
  draft: Draft;
  change: (d: Draft) => void;
}

/** Which Transporter, and which folder on it. */
function Place({ draft, change }: StepProps) {
  const styles = useStyles();
  const transporters = useTransporters().data?.transporters ?? [];
  return (
    <div className={styles.form}>
      <Field label="Name" required><Input value={draft.name} onChange={(_, d) => change({ ...draft, name: d.value })} /></Field>
      <Field label="Transporter" required hint="The machine on whose disk it lies. It should have room for about the size of all mailboxes, and more with each year that is kept.">
        <Dropdown
          placeholder="Choose one" value={transporters.find((t) => t.id === draft.transporterId)?.name ?? ""} selectedOptions={[draft.transporterId]}
          onOptionSelect={(_, d) => change({ ...draft, transporterId: d.optionValue ?? "" })}
        >
          {transporters.map((t) => <Option key={t.id} value={t.id} text={t.name}>{t.reachable ? t.name : `${t.name} (out of reach)`}</Option>)}
        </Dropdown>
      </Field>
      <Field label="Folder" required hint="A whole path on that machine, for example /srv/holdfast or D:\Holdfast. It is made if it does not exist; if it does, it has to be empty.">
        <Input value={draft.path} spellCheck={false} onChange={(_, d) => change({ ...draft, path: d.value })} />
      </Field>
    </div>
  );
}

/** Compression and encryption. */
function Options({ draft, change, again, setAgain }: StepProps & { again: string; setAgain: (s: string) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.form}>
      <Field label="Compression">
        <RadioGroup value={String(draft.codec)} onChange={(_, d) => change({ ...draft, codec: Number(d.value) as Codec })}>
          {codecs.map((c) => <Radio key={c} value={String(c)} label={<><b>{codecNames[c]}</b> – {codecHints[c]}</>} />)}
        </RadioGroup>
      </Field>
      <Switch label="Encrypt everything in it" checked={draft.key !== undefined} onChange={(_, d) => change({ ...draft, key: d.checked ? create(RepositoryKeySchema) : undefined })} />
      {draft.key && <KeyForm value={draft.key} change={(key) => change({ ...draft, key })} again={again} setAgain={setAgain} />}
    </div>
  );
}
