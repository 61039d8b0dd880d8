import { useEffect, useState } from "react";
import { Badge, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { RepositoryService, type BackupSize, type Point } from "@/gen/holdfast/director/v1/inventory_pb";
import { bytes, count, counted, exactMoment, mailboxTitle, moment } from "@/parts/format";
import { Explained } from "@/parts/Explained";
import { Grid, type Column } from "@/parts/Grid";
import { Loaded } from "@/parts/Loaded";

const useStyles = makeStyles({
  head: { display: "flex", alignItems: "center", flexWrap: "wrap", gap: tokens.spacingHorizontalS, justifyContent: "space-between" },
  time: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS },
});

interface Props {
  of: BackupSize;
  current: Point | undefined;
  onChoose: (p: Point) => void;
}

/** The recovery points of a backup, newest first; the newest is chosen until another is. */
export function Points({ of, current, onChoose }: Props) {
  const styles = useStyles();
  const navigate = useNavigate();
  const { repositoryId, accountId, mailboxId, jobId } = of;
  const query = useQuery(RepositoryService.method.listPoints, { repositoryId, accountId, mailboxId, jobId });
  const points = query.data?.points;
  const [marked, setMarked] = useState<string>();
  const newest = points?.[0];
  const mine = points?.some((p) => p.id === current?.id && p.repositoryId === current.repositoryId);
  useEffect(() => {
    if (newest && !mine) onChoose(newest);
  });
  const other = points?.find((p) => p.id === marked);
  const chosen = points?.find((p) => p.id === current?.id);
  const minutes = new Map<string, number>();
  for (const p of points ?? []) minutes.set(moment(p.time), (minutes.get(moment(p.time)) ?? 0) + 1);
  const timeOf = (p: Point) => ((minutes.get(moment(p.time)) ?? 0) > 1 ? exactMoment(p.time) : moment(p.time));
  const columns: Column<Point>[] = [
    {
      key: "time", title: "Recovery point", width: "minmax(9rem, 2fr)",
      cell: (p) => <span className={styles.time}>{timeOf(p)}{!p.complete && <Badge appearance="tint" color="warning">Incomplete</Badge>}</span>,
    },
    { key: "messages", title: "Messages", width: "5.5rem", end: true, cell: (p) => count(p.messages) },
    { key: "size", title: "Size", width: "5rem", end: true, above: 400, cell: (p) => bytes(p.bytes) },
  ];
  return (
    <Loaded query={query} what="The recovery points">
      {(data) => (
        <>
          <div className={styles.head}>
            <Text weight="semibold">{mailboxTitle(of)}: {counted(data.points.length, "recovery point")}</Text>
            {data.points.length > 1 && (
              <Explained
                size="small" why={other && chosen && other.id !== chosen.id ? undefined : "Tick a second point to compare it with the chosen one."}
                onClick={() => {
                  if (!other || !chosen) return;
                  // By their places, newest first: two points may be of the same second.
                  const [older, newer] = data.points.indexOf(other) > data.points.indexOf(chosen) ? [other, chosen] : [chosen, other];
                  void navigate(`/recovery/compare?${new URLSearchParams({ repository: repositoryId, older: older.id, newer: newer.id }).toString()}`);
                }}
              >
                Compare
              </Explained>
            )}
          </div>
          <Grid<Point>
            label="Recovery points" columns={columns} count={data.points.length} row={(i) => data.points[i]} rowKey={(p) => p.id} onOpen={onChoose}
            current={current?.id} rowHeight={40}
            selection={{ has: (p) => p.id === marked, set: (rows, on) => setMarked(on ? rows.at(-1)?.id : undefined), name: (p) => `Compare with the point of ${timeOf(p)}` }}
          />
        </>
      )}
    </Loaded>
  );
}
