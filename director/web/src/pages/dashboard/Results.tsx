import { Card, makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { OverviewService } from "@/gen/holdfast/director/v1/overview_pb";
import { Bars } from "@/parts/Bars";
import { bytes, counted, zone } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

const useStyles = makeStyles({ soft: { color: tokens.colorNeutralForeground2 } });

const series = [
  { name: "Succeeded", color: tokens.colorPaletteGreenBackground3 },
  { name: "With losses", color: tokens.colorPaletteMarigoldBackground3 },
  { name: "Stopped", color: tokens.colorNeutralForeground4 },
  { name: "Failed", color: tokens.colorPaletteRedBackground3 },
];

const label = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** How the runs of the last two weeks ended. */
export function Results() {
  const styles = useStyles();
  const days = useQuery(OverviewService.method.listDays, { days: 14, zone }, { refetchInterval: 60_000 });
  return (
    <Card>
      <Subtitle2 as="h2">Runs of the last 14 days</Subtitle2>
      <Loaded query={days} what="The results">
        {(d) => {
          const messages = d.days.reduce((sum, x) => sum + x.messagesChanged, 0n);
          const fresh = d.days.reduce((sum, x) => sum + x.bytesNew, 0n);
          const recoveries = d.days.reduce((sum, x) => sum + x.recoveries, 0);
          return (
            <>
              <Bars title="Runs of the last 14 days" series={series} bars={d.days.map((x) => ({ label: label.format(new Date(`${x.date}T00:00:00Z`)), values: [x.succeeded, x.incomplete, x.stopped, x.failed] }))} />
              <Text size={200} className={styles.soft}>{counted(messages, "new or changed message")}, {bytes(fresh)} new on disk, {counted(recoveries, "recovery", "recoveries")}</Text>
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
