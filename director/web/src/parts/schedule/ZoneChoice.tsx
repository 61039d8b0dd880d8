import { useMemo, useState } from "react";
import { Combobox, Field, Option } from "@fluentui/react-components";
import { zone as own } from "@/parts/format";
import { zones } from "@/parts/schedule/schedules";

/** Chooses a time zone by a part of its name. */
export function ZoneChoice({ value, onChange, label = "Time zone" }: { value: string; onChange: (zone: string) => void; label?: string }) {
  const [typed, setTyped] = useState<string>();
  const found = useMemo(() => {
    const wanted = (typed ?? "").trim().toLowerCase().replaceAll(" ", "_");
    return (wanted ? zones.filter((z) => z.toLowerCase().includes(wanted)) : [...new Set([own, ...zones])]).slice(0, 60);
  }, [typed]);
  return (
    <Field label={label} hint={value === own ? "As this browser’s." : `Your own is ${own}.`}>
      <Combobox
        value={typed ?? value} selectedOptions={[value]} onChange={(e) => setTyped(e.target.value)} onOpenChange={(_, d) => { if (!d.open) setTyped(undefined); }}
        // Typing takes the choice away, which is told as a choice of nothing.
        onOptionSelect={(_, d) => { if (d.optionValue) { setTyped(undefined); onChange(d.optionValue); } }} listbox={{ style: { maxHeight: "20rem" } }}
      >
        {found.length === 0 && <Option disabled value="" text="">No zone is called so</Option>}
        {found.map((z) => <Option key={z} value={z}>{z}</Option>)}
      </Combobox>
    </Field>
  );
}
