import { Button, Dropdown, Field, Input, makeStyles, Option, Switch, tokens } from "@fluentui/react-components";
import { areaName, methodName } from "@/pages/settings/auditWords";
import type { Field as Name } from "@/pages/settings/auditFilter";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  text: { width: "7rem" },
  day: { width: "9rem" },
  input: { minWidth: 0, width: "100%" },
  area: { width: "13rem" },
  choice: { minWidth: 0, width: "100%" },
});

interface Props {
  value: (field: Name) => string;
  /** Sets a field; empty takes it away. */
  put: (field: Name, value: string) => void;
  clear: (() => void) | undefined;
  areas: string[];
}

/** By what the audit log is filtered. */
export function AuditFilters({ value, put, clear, areas }: Props) {
  const styles = useStyles();
  const area = value("area");
  const shown = area === "" ? "Everything" : area.includes("/") ? methodName(area) : areaName(area);
  // What an address names and the Director does not know stays to be seen.
  const choices = area !== "" && !areas.includes(area) ? [...areas, area] : areas;
  const text = (field: Name, label: string, type: "text" | "date") => (
    <Field label={label} className={type === "date" ? styles.day : styles.text}>
      <Input className={styles.input} type={type} autoComplete="off" spellCheck={false} value={value(field)} onChange={(_, d) => put(field, d.value)} />
    </Field>
  );
  return (
    <div className={styles.bar} role="search" aria-label="Filter the audit log">
      {text("user", "User", "text")}
      <Field label="What" className={styles.area}>
        <Dropdown className={styles.choice} value={shown} selectedOptions={[area]} onOptionSelect={(_, d) => put("area", d.optionValue ?? "")}>
          <Option value="">Everything</Option>
          {choices.map((a) => <Option key={a} value={a}>{a.includes("/") ? methodName(a) : areaName(a)}</Option>)}
        </Dropdown>
      </Field>
      {text("object", "Done to", "text")}
      {text("since", "From", "date")}
      {text("until", "To", "date")}
      <Switch label="Only what did not succeed" checked={value("failed") === "true"} onChange={(_, d) => put("failed", d.checked ? "true" : "")} />
      {clear && <Button appearance="subtle" onClick={clear}>Clear filters</Button>}
    </div>
  );
}
