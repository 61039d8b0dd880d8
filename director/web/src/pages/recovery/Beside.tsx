import type { ReactNode } from "react";
import { makeStyles, OverlayDrawer } from "@fluentui/react-components";
import { useWide } from "@/pages/recovery/useWide";

const useStyles = makeStyles({
  pane: { flexGrow: 1, flexBasis: 0, minWidth: 0, minHeight: 0 },
  drawer: { padding: "16px", height: "100%", boxSizing: "border-box" },
});

/** Shows something beside a list where the window is wide enough, and over it where not. */
export function Beside({ label, above, children, onClose }: { label: string; above: number; children: ReactNode; onClose: () => void }) {
  const styles = useStyles();
  const wide = useWide(above);
  if (wide) return children ? <div className={styles.pane}>{children}</div> : null;
  return (
    <OverlayDrawer position="end" size="medium" open={Boolean(children)} onOpenChange={(_, d) => { if (!d.open) onClose(); }} aria-label={label}>
      <div className={styles.drawer}>{children}</div>
    </OverlayDrawer>
  );
}
