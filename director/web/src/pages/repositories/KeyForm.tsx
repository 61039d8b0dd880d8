import { useState } from "react";
import { Field, Input, Radio, RadioGroup } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { RepositoryKeySchema, type RepositoryKey } from "@/gen/holdfast/director/v1/inventory_pb";

interface Props {
  value: RepositoryKey;
  change: (key: RepositoryKey) => void;
  /** The passphrase typed again, for one that is new. */
  again?: string;
  setAgain?: (text: string) => void;
}

/** A passphrase, or a key file on the Transporter. */
export function KeyForm({ value, change, again, setAgain }: Props) {
  const [kind, setKind] = useState(value.keyFile ? "file" : "phrase");
  return (
    <>
      <Field label="With">
        <RadioGroup layout="horizontal" value={kind} onChange={(_, d) => { setKind(d.value); change(create(RepositoryKeySchema)); }}>
          <Radio value="phrase" label="a passphrase" />
          <Radio value="file" label="a key file on the Transporter" />
        </RadioGroup>
      </Field>
      {kind === "file" ? (
        <Field label="Path of the key file" required hint="On the Transporter; at least 32 random bytes.">
          <Input value={value.keyFile} spellCheck={false} onChange={(_, d) => change({ ...value, keyFile: d.value })} />
        </Field>
      ) : (
        <>
          <Field label="Passphrase" required hint={setAgain && "Several words are easier to keep, and harder to guess, than one odd one."}>
            <Input type="password" autoComplete="new-password" value={value.passphrase} onChange={(_, d) => change({ ...value, passphrase: d.value })} />
          </Field>
          {setAgain && (
            <Field label="Passphrase, again" required validationMessage={again && again !== value.passphrase ? "The two are not the same." : undefined}>
              <Input type="password" autoComplete="new-password" value={again} onChange={(_, d) => setAgain(d.value)} />
            </Field>
          )}
        </>
      )}
    </>
  );
}

/** What is wrong with a new key; undefined for nothing. */
export function keyProblem(key: RepositoryKey, again?: string): string | undefined {
  if (key.keyFile) return undefined;
  if (!key.passphrase) return "Enter the passphrase, or the key file.";
  if (again !== undefined && key.passphrase !== again) return "Enter the same passphrase twice.";
  return undefined;
}
