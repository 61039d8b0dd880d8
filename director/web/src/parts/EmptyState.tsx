import type { ReactElement, ReactNode } from "react";
import { makeStyles, Subtitle1, Text, tokens } from "@fluentui/react-components";

const useStyles = makeStyles({
  root: {
    display: "flex", flexDirection: "column", alignItems: "center", gap: tokens.spacingVerticalM, textAlign: "center",
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalL}`, margin: "auto", maxWidth: "36rem",
  },
  icon: { fontSize: "48px", color: tokens.colorBrandForeground1, display: "flex" },
  text: { color: tokens.colorNeutralForeground2 },
  actions: { display: "flex", flexWrap: "wrap", justifyContent: "center", gap: tokens.spacingHorizontalS },
});

interface Props {
  icon: ReactElement;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

/** What a page says that has nothing to show yet: what would be here, and what to do. */
export function EmptyState({ icon, title, children, actions }: Props) {
  const styles = useStyles();
  return (
    <div className={styles.root}>
      <span className={styles.icon} aria-hidden>{icon}</span>
      <Subtitle1 as="h2">{title}</Subtitle1>
      <Text align="center" className={styles.text}>{children}</Text>
      <div className={styles.actions}>{actions}</div>
    </div>
  );
}
