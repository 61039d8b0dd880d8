import { Dropdown, Option, Text, type FieldControlProps } from "@fluentui/react-components";
import type { Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { useNames } from "@/pages/jobs/hooks";
import { useJobStyles } from "@/pages/jobs/styles";
import { bytes } from "@/parts/format";

interface Props {
  value: string;
  onChange: (repositoryId: string) => void;
  /** The choice of none, in words; without it, one must be chosen. */
  none?: string;
  label?: string;
  placeholder?: string;
}

/** Chooses a repository, in a Field or with a label of its own, telling where it is and what room there is. */
export function RepositoryChoice({ value, onChange, none, label, placeholder = "Choose a repository", ...field }: Props & FieldControlProps) {
  const styles = useJobStyles();
  const names = useNames();
  const about = (r: Repository) =>
    [`on ${names.transporters.get(r.transporterId) ?? "a Transporter that is gone"}`, r.totalBytes > 0n && `${bytes(r.freeBytes)} free`, r.encrypted && "encrypted", !r.attached && "detached now"].filter(Boolean).join(", ");
  return (
    <Dropdown
      {...field} aria-label={label} placeholder={placeholder} value={names.repositories.get(value) ?? (value ? "A repository that is gone" : none ?? "")} selectedOptions={[value]}
      onOptionSelect={(_, d) => onChange(d.optionValue ?? "")} style={{ minWidth: "14rem" }}
    >
      {none !== undefined && <Option value="" text={none}>{none}</Option>}
      {(names.repositoryList ?? []).map((r) => (
        <Option key={r.id} value={r.id} text={r.name}>
          <span className={styles.tight} style={{ gap: 0 }}><Text>{r.name}</Text><Text size={200} className={styles.soft}>{about(r)}</Text></span>
        </Option>
      ))}
    </Dropdown>
  );
}
