import { useState } from "react";
import { Checkbox, Dropdown, Field, makeStyles, Option, Radio, RadioGroup, tokens } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { refresh } from "@/api/refresh";
import { RepositoryKeySchema, RepositoryService, type Codec, type Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { codecHints, codecNames, codecs, useRepositories } from "@/pages/repositories/hooks";
import { KeyForm, keyProblem } from "@/pages/repositories/KeyForm";
import { Confirm } from "@/parts/Confirm";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM } });

interface Props {
  open: boolean;
  repository: Repository;
  onClose: () => void;
}

/** How what comes is compressed. What is stored stays as it is. */
export function ChangeCodec({ open, repository, onClose }: Props) {
  const tell = useToasts();
  const [codec, setCodec] = useState<Codec>(repository.codec);
  const set = useMutation(RepositoryService.method.setRepositoryCodec);
  return (
    <Confirm
      open={open} title="Change compression" action="Change it" onClose={onClose}
      onConfirm={async () => {
        await set.mutateAsync({ repositoryId: repository.id, codec });
        await refresh(RepositoryService);
        tell.done(`New mail is stored with compression “${codecNames[codec]}”`);
      }}
    >
      <Field label="For everything that is stored from now on">
        <RadioGroup value={String(codec)} onChange={(_, d) => setCodec(Number(d.value) as Codec)}>
          {codecs.map((c) => <Radio key={c} value={String(c)} label={<><b>{codecNames[c]}</b> – {codecHints[c]}</>} />)}
        </RadioGroup>
      </Field>
    </Confirm>
  );
}

/** Another passphrase or key file. The data is not written again. */
export function ChangeKey({ open, repository, onClose }: Props) {
  const styles = useStyles();
  const tell = useToasts();
  const [next, setNext] = useState(() => create(RepositoryKeySchema));
  const [again, setAgain] = useState("");
  const change = useMutation(RepositoryService.method.changeRepositoryKey);
  return (
    <Confirm
      open={open} title="Change passphrase or key" action="Change it" onClose={onClose}
      onConfirm={async () => {
        const problem = keyProblem(next, again);
        if (problem) throw new Error(problem);
        await change.mutateAsync({ repositoryId: repository.id, next });
        await refresh(RepositoryService);
        setNext(create(RepositoryKeySchema));
        setAgain("");
        tell.done("The key was changed", "Keep the new one in another place too. Copies of the folder made before still open with the old one.");
      }}
    >
      <div className={styles.form}><KeyForm value={next} change={setNext} again={again} setAgain={setAgain} /></div>
    </Confirm>
  );
}

/** Brings the backups to another repository of the same Transporter, sending what that lacks. */
export function CopyTo({ open, repository, onClose, onBegun }: Props & { onBegun: (activity: string) => void }) {
  const styles = useStyles();
  const others = (useRepositories().data?.repositories ?? []).filter((r) => r.id !== repository.id && r.attached && r.transporterId === repository.transporterId);
  const [target, setTarget] = useState("");
  const [newest, setNewest] = useState(false);
  const copy = useMutation(RepositoryService.method.copyRepository);
  return (
    <Confirm
      open={open} title="Copy backups to another repository" action="Copy" onClose={onClose}
      onConfirm={async () => {
        if (!target) throw new Error(others.length === 0 ? "There is no other attached repository on the same Transporter" : "Choose a repository");
        const answer = await copy.mutateAsync({ repositoryId: repository.id, targetRepositoryId: target, newest });
        onBegun(answer.activityId);
      }}
    >
      <div className={styles.form}>
        <Field label="To" hint="Another attached repository of the same Transporter. Only what it lacks is sent.">
          <Dropdown placeholder={others.length === 0 ? "There is none" : "Choose one"} value={others.find((r) => r.id === target)?.name ?? ""} selectedOptions={[target]} onOptionSelect={(_, d) => setTarget(d.optionValue ?? "")}>
            {others.map((r) => <Option key={r.id} value={r.id}>{r.name}</Option>)}
          </Dropdown>
        </Field>
        <Checkbox label="Only the last point of each backup" checked={newest} onChange={(_, d) => setNewest(d.checked === true)} />
      </div>
    </Confirm>
  );
}

/** Forgets a repository, and deletes its data when asked to. onRemoved leads to a page that is not about it. */
export function Remove({ open, repository, onClose, onRemoved }: Props & { onRemoved: () => Promise<void> }) {
  const tell = useToasts();
  const [data, setData] = useState(false);
  const remove = useMutation(RepositoryService.method.removeRepository);
  return (
    <Confirm
      open={open} title={`Remove ${repository.name}?`} action={data ? "Remove it and delete all its backups" : "Remove it and keep the folder"} onClose={onClose}
      typed={data ? repository.name : undefined}
      onConfirm={async () => {
        await remove.mutateAsync({ repositoryId: repository.id, deleteData: data, confirmName: data ? repository.name : "" });
        tell.done(`${repository.name} was removed`);
        await onRemoved();
        await refresh(RepositoryService);
      }}
    >
      <p style={{ marginTop: 0 }}>
        {data ? "All backups in it are deleted for ever, from its disk too." : "The Director forgets it. Its folder stays as it is, and can be attached again."}
      </p>
      <Checkbox label="Delete the data too" checked={data} onChange={(_, d) => setData(d.checked === true)} />
    </Confirm>
  );
}
