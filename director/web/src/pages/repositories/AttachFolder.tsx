import { useState } from "react";
import { Button, Dropdown, Field, Input, makeStyles, Option, Spinner, Switch, Text, tokens } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { refresh } from "@/api/refresh";
import { AttachRepositoryRequestSchema, RepositoryKeySchema, RepositoryService } from "@/gen/holdfast/director/v1/inventory_pb";
import { KeyForm, keyProblem } from "@/pages/repositories/KeyForm";
import { useTransporters } from "@/pages/transporters/hooks";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "36rem" },
  foot: { display: "flex", gap: tokens.spacingHorizontalS },
});

/** Brings in a repository that was detached, copied or moved: the folder says itself what it is. */
export function AttachFolder() {
  const styles = useStyles();
  const navigate = useNavigate();
  const tell = useToasts();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const transporters = useTransporters().data?.transporters ?? [];
  const [draft, setDraft] = useState(() => create(AttachRepositoryRequestSchema));
  const attach = useMutation(RepositoryService.method.attachRepository, {
    onSuccess: async (answer) => {
      await refresh(RepositoryService);
      tell.done(`${answer.repository?.name ?? "The repository"} was attached`);
      void navigate(`/repositories/${answer.repository?.id ?? ""}`);
    },
  });
  const problem =
    forbidden ?? (!draft.name.trim() ? "Give it a name." : !draft.transporterId ? "Choose a Transporter." : !draft.path.trim() ? "Enter the folder." : draft.key ? keyProblem(draft.key) : undefined) ??
    (attach.isPending && "One moment.");
  return (
    <Page title="Attach an existing folder" crumbs={[{ text: "Repositories", to: "/repositories" }]}>
      <form className={styles.form} onSubmit={(e) => { e.preventDefault(); if (!problem) attach.mutate(draft); }}>
        <Text>For a repository that was detached, copied here from another machine, or put back from a copy. Its backups can be recovered at once.</Text>
        <Field label="Name" required><Input value={draft.name} onChange={(_, d) => setDraft({ ...draft, name: d.value })} /></Field>
        <Field label="Transporter" required>
          <Dropdown
            placeholder="Choose one" value={transporters.find((t) => t.id === draft.transporterId)?.name ?? ""} selectedOptions={[draft.transporterId]}
            onOptionSelect={(_, d) => setDraft({ ...draft, transporterId: d.optionValue ?? "" })}
          >
            {transporters.map((t) => <Option key={t.id} value={t.id}>{t.name}</Option>)}
          </Dropdown>
        </Field>
        <Field label="Folder" required hint="The one with the file holdfast.repo in it.">
          <Input value={draft.path} spellCheck={false} onChange={(_, d) => setDraft({ ...draft, path: d.value })} />
        </Field>
        <Switch label="It is encrypted" checked={draft.key !== undefined} onChange={(_, d) => setDraft({ ...draft, key: d.checked ? create(RepositoryKeySchema) : undefined })} />
        {draft.key && <KeyForm value={draft.key} change={(key) => setDraft({ ...draft, key })} />}
        {attach.error && <FaultNote title="It could not be attached" error={attach.error} />}
        <div className={styles.foot}>
          <Explained type="submit" appearance="primary" why={problem} icon={attach.isPending ? <Spinner size="tiny" /> : undefined}>Attach it</Explained>
          <Button onClick={() => void navigate("/repositories")}>Cancel</Button>
        </div>
      </form>
    </Page>
  );
}
