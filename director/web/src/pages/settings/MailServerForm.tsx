import { useState } from "react";
import { Dropdown, Field, Input, Option, SpinButton, Spinner, Switch, Textarea } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { MailSecurity, MailServerSchema, NotificationService, type MailServer } from "@/gen/holdfast/director/v1/notification_pb";
import type { SettingsProps } from "@/pages/settings/MailPage";
import { useFormStyles } from "@/pages/settings/styles";
import { useSave } from "@/pages/settings/useSave";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { useToasts } from "@/parts/Toasts";

const securities: [MailSecurity, string, number][] = [
  [MailSecurity.STARTTLS, "STARTTLS", 587], [MailSecurity.TLS, "TLS from the beginning", 465], [MailSecurity.NONE, "None: everything can be read on the way", 25],
];

/** Which server takes the mail that the Director sends. */
export function MailServerForm({ settings, save }: SettingsProps) {
  const styles = useFormStyles();
  const tell = useToasts();
  const saving = useSave();
  const [mail, setMail] = useState<MailServer | undefined>(settings.mail);
  const [address, setAddress] = useState("");
  const test = useMutation(NotificationService.method.sendTestMail, { onSuccess: () => tell.done("The server took the test mail", `Look whether it arrives at ${address}.`) });
  const change = (part: Partial<MailServer>) => mail && setMail({ ...mail, ...part });
  const security = mail?.security || MailSecurity.STARTTLS;
  const wrong = mail && (!mail.host.trim() ? "Enter the server’s name." : !mail.from.includes("@") ? "Enter the address that mail is sent from." : undefined);
  return (
    <div className={styles.form}>
      <Switch label="Send mail" checked={mail !== undefined} onChange={(_, d) => setMail(d.checked ? (settings.mail ?? create(MailServerSchema, { security: MailSecurity.STARTTLS })) : undefined)} />
      {mail && (
        <>
          <div className={styles.row} style={{ alignItems: "start" }}>
            <Field label="Server" required className={styles.grow}><Input value={mail.host} spellCheck={false} onChange={(_, d) => change({ host: d.value.trim() })} /></Field>
            <Field label="Port" hint={`0: ${securities.find(([s]) => s === security)?.[2] ?? 587}`}>
              <SpinButton value={mail.port} min={0} max={65_535} style={{ width: "7rem" }} onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n)) change({ port: n }); }} />
            </Field>
          </div>
          <Field label="Encryption">
            <Dropdown value={securities.find(([s]) => s === security)?.[1] ?? ""} selectedOptions={[String(security)]} onOptionSelect={(_, d) => change({ security: Number(d.optionValue) as MailSecurity })}>
              {securities.map(([s, text]) => <Option key={s} value={String(s)}>{text}</Option>)}
            </Dropdown>
          </Field>
          <Field label="Sent from" required hint="backup@example.com, or Backup <backup@example.com>"><Input value={mail.from} onChange={(_, d) => change({ from: d.value })} /></Field>
          <div className={styles.row}>
            <Field label="User" hint="Empty: without signing in." className={styles.grow}><Input value={mail.user} autoComplete="off" onChange={(_, d) => change({ user: d.value })} /></Field>
            <Field label="Password of the user" hint={mail.passwordSet ? "Empty keeps the stored one." : "Stored encrypted."} className={styles.grow}>
              <Input type="password" autoComplete="new-password" value={mail.password} onChange={(_, d) => change({ password: d.value })} />
            </Field>
          </div>
          <Field label="Certificates to trust (PEM)" hint="Only where the server’s certificate is of an authority of your own.">
            <Textarea rows={3} resize="vertical" spellCheck={false} value={new TextDecoder().decode(mail.caPem)} onChange={(_, d) => change({ caPem: new TextEncoder().encode(d.value) })} />
          </Field>
          <div className={styles.row}>
            <Field label="Send a test to" className={styles.grow}><Input type="email" value={address} onChange={(_, d) => setAddress(d.value)} /></Field>
            <Explained why={wrong ?? (!address.includes("@") ? "Enter an address." : test.isPending && "The server is being asked.")} icon={test.isPending ? <Spinner size="tiny" /> : undefined} onClick={() => test.mutate({ address, mail })}>Send a test mail</Explained>
          </div>
          {test.error && <FaultNote title="The test mail was not sent" error={test.error} />}
        </>
      )}
      {saving.error !== undefined && <FaultNote title="The settings were not saved" error={saving.error} />}
      <div>
        <Explained appearance="primary" why={wrong ?? (saving.busy && "One moment.")} onClick={() => saving.run(() => save({ mail }))}>Save the mail server</Explained>
      </div>
    </div>
  );
}
