import { Field, Radio, RadioGroup } from "@fluentui/react-components";
import { Role, roleName } from "@/session/me";

const hints: [Role, string][] = [
  [Role.AUDITOR, "sees everything but mail"], [Role.OPERATOR, "runs jobs, reads and recovers mail"], [Role.ADMINISTRATOR, "may do everything"],
];

/** Chooses a role, up to the greatest that can be given. */
export function RoleChoice({ label, value, most = Role.ADMINISTRATOR, onChange }: { label: string; value: Role; most?: Role; onChange: (role: Role) => void }) {
  return (
    <Field label={label}>
      <RadioGroup value={String(value)} onChange={(_, d) => onChange(Number(d.value) as Role)}>
        {hints.filter(([role]) => role <= most).map(([role, hint]) => <Radio key={role} value={String(role)} label={<><b>{roleName(role)}</b> – {hint}</>} />)}
      </RadioGroup>
    </Field>
  );
}
