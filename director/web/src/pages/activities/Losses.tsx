import { makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import type { Loss } from "@/gen/holdfast/director/v1/inventory_pb";
import { capital, counted } from "@/parts/format";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  one: { display: "flex", flexDirection: "column", borderLeft: `3px solid ${tokens.colorStatusWarningBorder1}`, paddingLeft: tokens.spacingHorizontalM, overflowWrap: "anywhere" },
  soft: { color: tokens.colorNeutralForeground2 },
  more: { overflowY: "auto", maxHeight: "28rem" },
});

/** How many are shown; the Director has them all in its list of losses. */
const most = 500;

/** The log of warnings: what could not be kept or brought back, why, and Microsoft's request-id. */
export function Losses({ list, more }: { list: Loss[]; more: bigint }) {
  const styles = useStyles();
  if (list.length === 0 && more === 0n) return null;
  const beyond = more + BigInt(Math.max(0, list.length - most));
  return (
    <section className={styles.root} aria-labelledby="warnings">
      <Subtitle2 as="h2" id="warnings">Warnings</Subtitle2>
      <div className={styles.more} tabIndex={list.length > 6 ? 0 : undefined} role="group" aria-labelledby="warnings">
        <ul className={styles.list}>
          {list.slice(0, most).map((l, i) => (
            <li key={i} className={styles.one}>
              <Text weight="semibold">{[capital(l.what), l.subject && `“${l.subject}”`].filter(Boolean).join(": ")}</Text>
              <Text>{l.reason}</Text>
              {l.requestId && <Text size={200} className={styles.soft}>Microsoft’s request-id: {l.requestId}</Text>}
            </li>
          ))}
        </ul>
      </div>
      {beyond > 0n && <Text className={styles.soft}>And {counted(beyond, "warning")} more.</Text>}
    </section>
  );
}
