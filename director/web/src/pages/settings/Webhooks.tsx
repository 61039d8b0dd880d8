import { useState } from "react";
import { Button, Card, Field, Input, Spinner, Subtitle2 } from "@fluentui/react-components";
import { AddRegular, DeleteRegular, PlugDisconnectedRegular } from "@fluentui/react-icons";
import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { ReportWhen } from "@/gen/holdfast/director/v1/job_pb";
import { NotificationService, WebhookSchema, type Webhook } from "@/gen/holdfast/director/v1/notification_pb";
import type { SettingsProps } from "@/pages/settings/MailPage";
import { WhenChoice } from "@/pages/settings/ReportsForm";
import { useFormStyles } from "@/pages/settings/styles";
import { useSave } from "@/pages/settings/useSave";
import { EmptyState } from "@/parts/EmptyState";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { useToasts } from "@/parts/Toasts";

/** Other programs that are told, by a signed HTTPS request. */
export function Webhooks({ settings, save }: SettingsProps) {
  const styles = useFormStyles();
  const saving = useSave();
  const [list, setList] = useState(settings.webhooks);
  const [changed, setChanged] = useState(false);
  const set = (next: Webhook[]) => {
    setList(next);
    setChanged(true);
  };
  const add = <Button icon={<AddRegular />} onClick={() => set([...list, create(WebhookSchema, { when: ReportWhen.NOT_SUCCESSFUL })])}>Add a webhook</Button>;
  const bad = list.find((w) => !w.name.trim() || !w.url.startsWith("https://"));
  return (
    <div className={styles.form}>
      {list.length === 0 && !changed ? (
        <EmptyState icon={<PlugDisconnectedRegular />} title="No webhooks" actions={add}>
          A webhook tells another program, a chat or a ticket system for example, by an HTTPS request that is signed.
        </EmptyState>
      ) : (
        <>
          {list.map((w, i) => (
            <Hook key={w.id || `new ${i}`} hook={w} change={(next) => set(list.map((x, n) => (n === i ? next : x)))} remove={() => set(list.filter((_, n) => n !== i))} />
          ))}
          {saving.error !== undefined && <FaultNote title="The webhooks were not saved" error={saving.error} />}
          <div className={styles.row}>
            <Explained
              appearance="primary" why={bad ? "Each webhook needs a name, and an address that begins with https://." : !changed ? "Nothing was changed." : saving.busy && "One moment."}
              onClick={() => saving.run(() => save({ webhooks: list }))}
            >
              Save the webhooks
            </Explained>
            {add}
          </div>
        </>
      )}
    </div>
  );
}

function Hook({ hook: w, change, remove }: { hook: Webhook; change: (w: Webhook) => void; remove: () => void }) {
  const styles = useFormStyles();
  const tell = useToasts();
  const test = useMutation(NotificationService.method.sendTestWebhook, { onSuccess: () => tell.done("The receiver took the test") });
  return (
    <Card role="group" aria-label={w.name || "New webhook"}>
      <div className={styles.row}>
        <Subtitle2 as="h2" className={styles.grow}>{w.name || "New webhook"}</Subtitle2>
        <Button appearance="subtle" icon={<DeleteRegular />} aria-label={`Remove ${w.name || "the new webhook"}`} onClick={remove} />
      </div>
      <Field label="Name" required><Input value={w.name} onChange={(_, d) => change({ ...w, name: d.value })} /></Field>
      <Field label="Address" required hint="https://"><Input value={w.url} spellCheck={false} onChange={(_, d) => change({ ...w, url: d.value.trim() })} /></Field>
      <Field label="Secret that signs it" hint={w.secretSet ? "Empty keeps the stored one." : "The receiver proves with it that the request is the Director’s."}>
        <Input type="password" autoComplete="new-password" value={w.secret} onChange={(_, d) => change({ ...w, secret: d.value })} />
      </Field>
      <WhenChoice label="Of which runs it is told" none={false} value={w.when} onChange={(when) => change({ ...w, when })} />
      {test.error && <FaultNote title="The test did not arrive" error={test.error} />}
      <div>
        <Explained why={!w.url.startsWith("https://") ? "Enter its address." : test.isPending && "It is being sent."} icon={test.isPending ? <Spinner size="tiny" /> : undefined} onClick={() => test.mutate({ webhook: w, webhookId: "" })}>Send a test</Explained>
      </div>
    </Card>
  );
}
