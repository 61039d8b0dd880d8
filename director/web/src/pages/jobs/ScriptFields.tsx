import { useState } from "react";
import { Checkbox, Field, Input, Radio, RadioGroup, SpinButton, Switch, Textarea } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { ScriptSchema, type Script } from "@/gen/holdfast/director/v1/job_pb";
import { parseVariables, splitLines, writeVariables } from "@/pages/jobs/options";
import { useJobStyles } from "@/pages/jobs/styles";

interface Props {
  /** "before each run" or "after each run". */
  when: string;
  script: Script | undefined;
  onChange: (next: Script | undefined) => void;
}

/** A script around each run. */
export function ScriptFields({ when, script: s, onChange }: Props) {
  const styles = useJobStyles();
  return (
    <div role="group" aria-label={`Script ${when}`} className={styles.stack}>
      <Switch label={`Run a script ${when}`} checked={s !== undefined} onChange={(_, d) => onChange(d.checked ? create(ScriptSchema) : undefined)} />
      {s && <Fields when={when} s={s} onChange={onChange} />}
    </div>
  );
}

function Fields({ when, s, onChange }: { when: string; s: Script; onChange: (next: Script) => void }) {
  const styles = useJobStyles();
  const [args, setArgs] = useState(s.arguments.join("\n"));
  const [vars, setVars] = useState(writeVariables(s.environment));
  const before = when.startsWith("before");
  return (
    <>
      <div className={styles.row}>
        <Field label="Path on the Director’s machine" style={{ flexGrow: 1, minWidth: "16rem" }}><Input value={s.path} spellCheck={false} onChange={(_, d) => onChange({ ...s, path: d.value })} /></Field>
        <Field label="Interpreter" hint="Empty runs the file itself." style={{ flexGrow: 1, minWidth: "14rem" }}><Input value={s.interpreter} spellCheck={false} placeholder="/bin/sh" onChange={(_, d) => onChange({ ...s, interpreter: d.value })} /></Field>
      </div>
      <div className={styles.row}>
        <Field label="Arguments" hint="One a line." style={{ flexGrow: 1, minWidth: "16rem" }}>
          <Textarea value={args} spellCheck={false} resize="vertical" onChange={(_, d) => { setArgs(d.value); onChange({ ...s, arguments: splitLines(d.value) }); }} />
        </Field>
        <Field label="Variables" hint="NAME=VALUE, one a line. HOLDFAST_… are set by the run. Keep secrets in files of the script." style={{ flexGrow: 1, minWidth: "14rem" }}>
          <Textarea value={vars} spellCheck={false} resize="vertical" onChange={(_, d) => { setVars(d.value); onChange({ ...s, environment: parseVariables(d.value) }); }} />
        </Field>
      </div>
      <Checkbox label="Do not wait for its end; what it does then changes nothing" checked={s.detached} onChange={(_, d) => onChange({ ...s, detached: d.checked === true, required: d.checked === true ? false : s.required })} />
      {!s.detached && (
        <div className={styles.row}>
          <Field label="If it fails">
            <RadioGroup value={s.required ? "fail" : "go"} onChange={(_, d) => onChange({ ...s, required: d.value === "fail" })}>
              <Radio value="go" label="Note it, and go on" />
              <Radio value="fail" label={before ? "Fail the run; nothing is backed up then" : "Fail the run"} />
            </RadioGroup>
          </Field>
          <Field label="Ended after" hint="Minutes">
            <SpinButton
              value={Math.round((s.timeoutSeconds || 3600) / 60)} min={1} max={1440}
              onChange={(_, d) => { const n = d.value ?? Number(d.displayValue); if (Number.isInteger(n) && n >= 1 && n <= 1440) onChange({ ...s, timeoutSeconds: n * 60 }); }}
            />
          </Field>
        </div>
      )}
    </>
  );
}
