import { useQuery } from "@connectrpc/connect-query";
import { makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { Link } from "react-router";
import { ActivityKind, ActivityService } from "@/gen/holdfast/director/v1/activity_pb";
import { Status } from "@/pages/activities/Status";
import { When } from "@/parts/When";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, maxWidth: "56rem" },
  list: { listStyleType: "none", margin: 0, padding: 0 },
  one: {
    display: "grid", gridTemplateColumns: "9rem minmax(0, 1fr) auto", gap: tokens.spacingHorizontalM, alignItems: "center",
    padding: `${tokens.spacingVerticalS} 0`, borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  link: { color: tokens.colorBrandForegroundLink, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
});

/** What was recovered lately, to look at again or to take back. */
export function RecentRecoveries() {
  const styles = useStyles();
  const query = useQuery(ActivityService.method.listActivities, { limit: 500 });
  const list = (query.data?.activities ?? []).filter((a) => (a.kind === ActivityKind.RECOVERY || a.kind === ActivityKind.UNDO) && !a.planOnly).slice(0, 6);
  if (list.length === 0) return null;
  return (
    <section className={styles.root} aria-labelledby="recent">
      <Subtitle2 as="h2" id="recent">Recovered lately</Subtitle2>
      <ul className={styles.list}>
        {list.map((a) => (
          <li key={a.id} className={styles.one}>
            <Status status={a.status} />
            <Link to={`/activities/${a.id}`} className={styles.link}>{a.title}</Link>
            <Text><When at={a.started} /></Text>
          </li>
        ))}
      </ul>
    </section>
  );
}
