import type { ReactNode } from "react";
import { Card, makeStyles, mergeClasses, Subtitle1, Text, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { GetOverviewResponse } from "@/gen/holdfast/director/v1/overview_pb";
import { Explained } from "@/parts/Explained";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  card: { padding: tokens.spacingHorizontalXL, gap: tokens.spacingVerticalL },
  list: { listStyleType: "none", margin: 0, padding: 0, display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(14rem, 100%), 1fr))", gap: tokens.spacingHorizontalL },
  step: {
    display: "flex", flexDirection: "column", alignItems: "flex-start", gap: tokens.spacingVerticalS, padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium,
  },
  next: { border: `2px solid ${tokens.colorBrandStroke1}` },
  name: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS },
  number: {
    display: "inline-flex", alignItems: "center", justifyContent: "center", width: "24px", height: "24px", borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground5, fontWeight: tokens.fontWeightSemibold, flexShrink: 0,
  },
  done: { color: tokens.colorStatusSuccessForeground1, fontSize: "24px", flexShrink: 0 },
  text: { color: tokens.colorNeutralForeground2, flexGrow: 1 },
});

interface Step {
  title: string;
  text: ReactNode;
  action: string;
  to: string;
  done: boolean;
  why?: string;
}

function stepsOf(o: GetOverviewResponse): Step[] {
  const noTransporter = o.transporters === 0 ? "First add a Transporter: it is the one that talks to Microsoft and writes to disks." : undefined;
  const before = noTransporter ?? (o.accounts === 0 ? "First add a Microsoft 365 account." : o.repositories === 0 ? "First create a repository." : undefined);
  return [
    { title: "Transporter", text: "The program that reads mail from Microsoft and keeps it on a disk. It may run on this machine.", action: "Add a Transporter", to: "/transporters/new", done: o.transporters > 0 },
    { title: "Account", text: "Your organisation at Microsoft 365. The page says how to let Holdfast in.", action: "Add an account", to: "/accounts/new", done: o.accounts > 0, why: noTransporter },
    { title: "Repository", text: "The folder in which backups are kept, encrypted if you wish.", action: "Create a repository", to: "/repositories/new", done: o.repositories > 0, why: noTransporter },
    { title: "Job", text: "Which mailboxes are backed up, when, and for how long their backups are kept.", action: "Create a job", to: "/jobs/new", done: o.jobs > 0, why: before },
  ];
}

/** Whether something of the first start is still to be done. */
export function firstStepsLeft(o: GetOverviewResponse): boolean {
  return stepsOf(o).some((s) => !s.done);
}

/** The guided way from an installation to the first backup. Each step may be done later. */
export function FirstSteps({ overview }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const forbidden = useForbidden(Role.ADMINISTRATOR);
  const steps = stepsOf(overview);
  const next = steps.findIndex((s) => !s.done && !s.why);
  return (
    <Card className={styles.card}>
      <Subtitle1 as="h2">Four steps to the first backup</Subtitle1>
      <ol className={styles.list}>
        {steps.map((s, i) => (
          <li key={s.title} className={mergeClasses(styles.step, i === next && styles.next)}>
            <span className={styles.name}>
              {s.done ? <CheckmarkCircleFilled className={styles.done} aria-label="Done" /> : <span className={styles.number} aria-hidden>{i + 1}</span>}
              <Text weight="semibold" size={400}>{s.title}</Text>
            </span>
            <Text className={styles.text}>{s.text}</Text>
            <Explained appearance={i === next ? "primary" : "secondary"} why={forbidden ?? s.why} onClick={() => void navigate(s.to)}>{s.done ? `${s.action.replace(/^(Add|Create) an? /, "$1 another ")}` : s.action}</Explained>
          </li>
        ))}
      </ol>
    </Card>
  );
}
