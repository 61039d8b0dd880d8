import { Card, makeStyles, ProgressBar, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { OverviewService, type GetOverviewResponse } from "@/gen/holdfast/director/v1/overview_pb";
import { Bars } from "@/parts/Bars";
import { bytes, percent } from "@/parts/format";

const useStyles = makeStyles({
  soft: { color: tokens.colorNeutralForeground2 },
  outlook: { margin: 0, paddingLeft: tokens.spacingHorizontalL, color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

const label = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

const series = [{ name: "Stored", color: tokens.colorBrandBackground }];

/** So many days are drawn. */
const days = 30;

/** How much the repositories take, how that grows, and when disks will be full. */
export function SpaceCard({ overview: o }: { overview: GetOverviewResponse }) {
  const styles = useStyles();
  const growth = useQuery(OverviewService.method.listGrowth, { days }, { refetchInterval: 300_000 });
  const s = o.space;
  const full = s ? percent(s.totalBytes - s.freeBytes, s.totalBytes) : 0;
  const samples = growth.data?.total ?? [];
  return (
    <Card>
      <Subtitle2 as="h2">Space</Subtitle2>
      {s && (
        <>
          <Text>{bytes(s.storedBytes)} stored{s.storedBytes > 0n && s.logicalBytes > s.storedBytes ? ` for ${bytes(s.logicalBytes)} of mail in all points, ${(Number(s.logicalBytes) / Number(s.storedBytes)).toFixed(1)} times less` : ""}</Text>
          {s.totalBytes > 0n && (
            <>
              <ProgressBar value={full / 100} color={full >= 95 ? "error" : full >= 85 ? "warning" : "brand"} aria-label={`Disks are ${full} % full`} />
              <Text size={200} className={styles.soft}>{bytes(s.freeBytes)} of {bytes(s.totalBytes)} free on the disks</Text>
            </>
          )}
        </>
      )}
      {samples.length > 1 && (
        <Bars title="Stored, day by day" series={series} format={bytes} bars={samples.map((x) => ({ label: x.time ? label.format(timestampDate(x.time)) : "", values: [Number(x.storedBytes)] }))} />
      )}
      {growth.data && growth.data.repositories.some((r) => r.outlook) && (
        <ul className={styles.outlook}>{growth.data.repositories.filter((r) => r.outlook).slice(0, 5).map((r) => <li key={r.repositoryId}>{r.repositoryName}: {r.outlook}</li>)}</ul>
      )}
    </Card>
  );
}
