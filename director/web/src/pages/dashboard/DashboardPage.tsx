import { Card, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { OverviewService, type GetOverviewResponse } from "@/gen/holdfast/director/v1/overview_pb";
import { FirstSteps, firstStepsLeft } from "@/pages/dashboard/FirstSteps";
import { Numbers } from "@/pages/dashboard/Numbers";
import { Problems } from "@/pages/dashboard/Problems";
import { Results } from "@/pages/dashboard/Results";
import { Running } from "@/pages/dashboard/Running";
import { SpaceCard } from "@/pages/dashboard/SpaceCard";
import { Upcoming } from "@/pages/dashboard/Upcoming";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";

const useStyles = makeStyles({
  grid: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(26rem, 100%), 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** What an administrator wants to know in the morning: what is not as it should be, first; then what goes on, was done and comes. */
export function DashboardPage() {
  const overview = useQuery(OverviewService.method.getOverview, {}, { refetchInterval: 5_000 });
  return (
    <Page title="Dashboard">
      <Loaded query={overview} what="The overview">{(o) => <Shown overview={o} />}</Loaded>
    </Page>
  );
}

function Shown({ overview }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  const beginning = firstStepsLeft(overview);
  return (
    <>
      {beginning && <FirstSteps overview={overview} />}
      {!beginning && <Numbers overview={overview} />}
      {!beginning && <Problems overview={overview} />}
      <div className={styles.grid}>
        <Running overview={overview} />
        <Upcoming />
        {!beginning && <Results />}
        {overview.repositories > 0 && <SpaceCard overview={overview} />}
      </div>
      {beginning && overview.jobs === 0 && (
        <Card appearance="outline">
          <Subtitle2 as="h2">What will be here</Subtitle2>
          <Text className={styles.soft}>
            Once a job has run, this page tells what is unprotected, late or failed, with the button that mends it; what goes on; the results of the last days; and how the space
            on your disks develops.
          </Text>
        </Card>
      )}
    </>
  );
}
