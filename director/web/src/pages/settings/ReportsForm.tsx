import { useState } from "react";
import { Dropdown, Field, Input, Option } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { ReportsSchema, ReportWhen } from "@/gen/holdfast/director/v1/job_pb";
import type { SettingsProps } from "@/pages/settings/MailPage";
import { useFormStyles } from "@/pages/settings/styles";
import { useSave } from "@/pages/settings/useSave";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";

export const whens: [ReportWhen, string][] = [
  [ReportWhen.UNSPECIFIED, "Of none"], [ReportWhen.ALWAYS, "Of all"], [ReportWhen.NOT_SUCCESSFUL, "Of those that did not succeed wholly"], [ReportWhen.FAILED, "Of those that failed"],
];

/** Chooses of which ends somebody is told. */
export function WhenChoice({ label, value, none = true, onChange }: { label: string; value: ReportWhen; none?: boolean; onChange: (when: ReportWhen) => void }) {
  const shown = !none && value === ReportWhen.UNSPECIFIED ? ReportWhen.ALWAYS : value;
  return (
    <Field label={label}>
      <Dropdown value={whens.find(([w]) => w === shown)?.[1] ?? ""} selectedOptions={[String(shown)]} onOptionSelect={(_, d) => onChange(Number(d.optionValue) as ReportWhen)}>
        {whens.filter(([w]) => none || w !== ReportWhen.UNSPECIFIED).map(([w, text]) => <Option key={w} value={String(w)}>{text}</Option>)}
      </Dropdown>
    </Field>
  );
}

/** Who is told of the runs of all jobs, and of recoveries and the care of repositories. */
export function ReportsForm({ settings, save }: SettingsProps) {
  const styles = useFormStyles();
  const saving = useSave();
  const [text, setText] = useState((settings.reports?.addresses ?? []).join("; "));
  const [when, setWhen] = useState<ReportWhen>(settings.reports?.when || ReportWhen.ALWAYS);
  const [recoveries, setRecoveries] = useState(settings.recoveries);
  const [maintenance, setMaintenance] = useState(settings.maintenance);
  const [url, setUrl] = useState(settings.publicUrl);
  const addresses = text.split(";").map((a) => a.trim()).filter((a) => a !== "");
  const bad = addresses.find((a) => !/^[^@\s]+@[^@\s]+$/.test(a));
  const reports = addresses.length > 0 ? create(ReportsSchema, { addresses, when }) : undefined;
  return (
    <div className={styles.form}>
      <Field label="Addresses" hint="Parted by semicolons. They are told of the runs of all jobs." validationMessage={bad && `“${bad}” is not an address.`}>
        <Input value={text} spellCheck={false} onChange={(_, d) => setText(d.value)} />
      </Field>
      <WhenChoice label="Of which runs they are told" none={false} value={when} onChange={setWhen} />
      <WhenChoice label="Of which recoveries" value={recoveries} onChange={setRecoveries} />
      <WhenChoice label="Of which verifies, reclaims, repairs and copies" value={maintenance} onChange={setMaintenance} />
      <Field label="Address of these pages, for links in reports" hint="Empty: reports have no links."><Input value={url} placeholder="https://" spellCheck={false} onChange={(_, d) => setUrl(d.value.trim())} /></Field>
      {saving.error !== undefined && <FaultNote title="The settings were not saved" error={saving.error} />}
      <div>
        <Explained appearance="primary" why={bad ? "Correct the addresses first." : saving.busy && "One moment."} onClick={() => saving.run(() => save({ reports, recoveries, maintenance, publicUrl: url }))}>Save the reports</Explained>
      </div>
    </div>
  );
}
