import { Link, MessageBar, MessageBarBody, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text } from "@fluentui/react-components";
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { keepPreviousData } from "@tanstack/react-query";
import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import type { Schedule } from "@/gen/holdfast/director/v1/schedule_pb";
import { ago, zone } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

interface Props {
  jobId?: string;
  /** Whether the job is; without it, it does not start. */
  enabled?: boolean;
  /** Of a job that is not saved. */
  schedules?: Schedule[];
  limit?: number;
}

const inZone = (t: Timestamp, timeZone: string) =>
  new Intl.DateTimeFormat(undefined, { weekday: "short", dateStyle: undefined, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone }).format(timestampDate(t));

const timeIn = (t: Timestamp, timeZone: string) => new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone }).format(timestampDate(t));

/** The coming starts by the clock: of a stored job, or of schedules that are being written. */
export function NextStarts({ jobId = "", enabled = true, schedules, limit = 10 }: Props) {
  const navigate = useNavigate();
  const clocks = (schedules ?? []).filter((s) => s.when.case !== "afterJob");
  const ask = schedules ? clocks.length > 0 : jobId !== "";
  const starts = useQuery(JobService.method.listStarts, schedules ? { schedules: clocks, limit } : { jobId, limit }, { enabled: ask, placeholderData: keepPreviousData, refetchInterval: 60_000 });
  if (!ask) return null;
  return (
    <Loaded query={starts} what="The coming starts">
      {({ starts: list }) => {
        if (list.length === 0) {
          return (
            <Text>
              Nothing starts it by the clock. {jobId && <>It starts when somebody runs it, or after another job if its schedules say so. <Link inline href={`/jobs/${jobId}/edit/schedule`} onClick={(e) => { e.preventDefault(); void navigate(`/jobs/${jobId}/edit/schedule`); }}>Edit its schedules</Link></>}
            </Text>
          );
        }
        const foreign = list.some((s) => s.zone !== zone);
        return (
          <>
            {!enabled && <MessageBar intent="info"><MessageBarBody>The job is disabled: these would be its starts.</MessageBarBody></MessageBar>}
            <Table size="small" aria-label="Coming starts">
              <TableHeader>
                <TableRow>
                  <TableHeaderCell style={{ width: "13rem" }}>Starts ({zone})</TableHeaderCell>
                  {foreign && <TableHeaderCell>In the job’s zone</TableHeaderCell>}
                  <TableHeaderCell style={{ width: "9rem" }}>Ends</TableHeaderCell>
                  <TableHeaderCell>From now</TableHeaderCell>
                </TableRow>
              </TableHeader>
              <TableBody>
                {list.map((s, i) => s.start && (
                  <TableRow key={`${s.start.seconds} ${i}`}>
                    <TableCell>{inZone(s.start, zone)}</TableCell>
                    {foreign && <TableCell>{timeIn(s.start, s.zone)} ({s.zone})</TableCell>}
                    <TableCell>{s.stop ? timeIn(s.stop, zone) : "When it is done"}</TableCell>
                    <TableCell>{ago(s.start)}</TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </>
        );
      }}
    </Loaded>
  );
}
