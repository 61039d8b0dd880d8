import { useState } from "react";
import { Dropdown, Field, Input, makeStyles, Option, Radio, RadioGroup, Textarea, tokens } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AccountSchema, Cloud, CredentialSchema, type Account, type Credential } from "@/gen/holdfast/director/v1/inventory_pb";
import { clientProblem, tenantProblem, type Draft } from "@/pages/inventory/draft";
import { cloudNames } from "@/pages/inventory/hooks";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "36rem" },
});

const clouds = [Cloud.GLOBAL, Cloud.US_GOV_L4, Cloud.US_GOV_L5, Cloud.CHINA, Cloud.CUSTOM];

interface Props {
  draft: Draft;
  change: (next: Draft) => void;
  /** There is a credential already; nothing entered keeps it. */
  stored?: boolean;
}

/** The fields of an account and its credential. */
export function AccountForm({ draft, change, stored = false }: Props) {
  const styles = useStyles();
  const a = draft.account ?? create(AccountSchema);
  const credential = draft.credential ?? create(CredentialSchema);
  const account = (part: Partial<Account>) => change({ ...draft, account: { ...a, ...part } });
  const secret = (part: Partial<Credential>) => change({ ...draft, credential: { ...credential, ...part } });
  const [file, setFile] = useState("");
  return (
    <div className={styles.form}>
      <Field label="Name" hint="What this account is called in Holdfast, for example the organisation’s name." required>
        <Input value={a.name} onChange={(_, d) => account({ name: d.value })} />
      </Field>
      <Field label="Tenant ID" required validationMessage={a.tenantId ? tenantProblem(a.tenantId) : undefined}>
        <Input value={a.tenantId} spellCheck={false} autoComplete="off" onChange={(_, d) => account({ tenantId: d.value.trim() })} />
      </Field>
      <Field label="Client ID" required validationMessage={a.clientId ? clientProblem(a.clientId) : undefined}>
        <Input value={a.clientId} spellCheck={false} autoComplete="off" onChange={(_, d) => account({ clientId: d.value.trim() })} />
      </Field>
      <Field label="The application signs in with">
        <RadioGroup layout="horizontal" value={a.credential} onChange={(_, d) => change({ ...draft, account: { ...a, credential: d.value }, credential: create(CredentialSchema) })}>
          <Radio value="secret" label="a client secret" />
          <Radio value="certificate" label="a certificate" />
        </RadioGroup>
      </Field>
      {a.credential === "certificate" ? (
        <>
          <Field label="Certificate with its private key" required={!stored} hint={stored ? "Choose none to keep the one that is stored." : "A PEM or PFX file. It is stored encrypted."}>
            <Input
              type={"file" as "text"} value={file}
              onChange={(e) => {
                setFile(e.target.value);
                const chosen = e.target.files?.[0];
                if (chosen) void chosen.arrayBuffer().then((data) => secret({ certificate: new Uint8Array(data) }));
                else secret({ certificate: new Uint8Array() });
              }}
            />
          </Field>
          <Field label="Password of the file" hint="Where it has one.">
            <Input type="password" autoComplete="off" value={credential.certificatePassword} onChange={(_, d) => secret({ certificatePassword: d.value })} />
          </Field>
        </>
      ) : (
        <>
          <Field label="Client secret" required={!stored} hint={stored ? "Leave it empty to keep the one that is stored." : "The secret’s value, not its ID. It is stored encrypted."}>
            <Input type="password" autoComplete="off" value={credential.clientSecret} onChange={(_, d) => secret({ clientSecret: d.value })} />
          </Field>
          <Field label="The secret expires on" hint="As Entra shows it. Holdfast warns in time; Microsoft does not let it ask.">
            <Input
              type="date" value={a.credentialExpires ? timestampDate(a.credentialExpires).toISOString().slice(0, 10) : ""}
              onChange={(_, d) => account({ credentialExpires: d.value ? timestampFromDate(new Date(`${d.value}T00:00:00Z`)) : undefined })}
            />
          </Field>
        </>
      )}
      <Field label="Cloud">
        <Dropdown value={cloudNames[a.cloud]} selectedOptions={[String(a.cloud)]} onOptionSelect={(_, d) => account({ cloud: Number(d.optionValue) as Cloud })}>
          {clouds.map((c) => <Option key={c} value={String(c)}>{cloudNames[c]}</Option>)}
        </Dropdown>
      </Field>
      {a.cloud === Cloud.CUSTOM && (
        <>
          <Field label="Address of the sign-in service" required>
            <Input value={a.authority} placeholder="https://" spellCheck={false} onChange={(_, d) => account({ authority: d.value.trim() })} />
          </Field>
          <Field label="Address of Microsoft Graph" required>
            <Input value={a.graphRoot} placeholder="https://" spellCheck={false} onChange={(_, d) => account({ graphRoot: d.value.trim() })} />
          </Field>
          <Field label="Certificates to trust (PEM)" hint="Only where these addresses have certificates of an authority of their own.">
            <Textarea
              value={new TextDecoder().decode(a.caPem)} rows={4} resize="vertical" spellCheck={false}
              onChange={(_, d) => account({ caPem: new TextEncoder().encode(d.value) })}
            />
          </Field>
        </>
      )}
    </div>
  );
}
