import { useCallback, useEffect, useMemo, useState } from "react";
import { useInfiniteQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { makeStyles, ProgressBar, SearchBox, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { PulseRegular } from "@fluentui/react-icons";
import { useNavigate, useSearchParams } from "react-router";
import { ActivityService, type Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { activityPath, groups, kindName } from "@/pages/activities/kinds";
import { progressOf, progressText } from "@/pages/activities/Progress";
import { Status } from "@/pages/activities/Status";
import { took } from "@/pages/activities/took";
import { isLive } from "@/pages/activities/useActivity";
import { EmptyState } from "@/parts/EmptyState";
import { moment } from "@/parts/format";
import { Grid, type Column } from "@/parts/Grid";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";

const useStyles = makeStyles({
  top: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  search: { minWidth: "14rem" },
  busy: { display: "flex", flexDirection: "column", gap: "4px", minWidth: 0 },
  text: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
});

/** How many are read at once; older ones as one scrolls down. */
const limit = 200;

/** What is going on, and what went on, newest first. */
export function ActivitiesPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const group = groups.find((g) => g.key === (params.get("kind") ?? "")) ?? groups[0];
  const running = params.get("state") === "running";
  const troubled = params.get("state") === "trouble";
  const [search, setSearch] = useState("");
  const query = useInfiniteQuery(ActivityService.method.listActivities, { limit, runningOnly: running, beforeId: "" }, {
    pageParamKey: "beforeId",
    getNextPageParam: (page) => (page.activities.length < limit ? undefined : page.activities.at(-1)?.id),
    placeholderData: keepPreviousData,
    // Every page is read again each time: who has read far back is shown news less often.
    refetchInterval: (q) => {
      const pages = q.state.data?.pages ?? [];
      return (pages[0]?.activities.some((a) => isLive(a.status)) ? 2000 : 10_000) * Math.max(1, pages.length);
    },
  });
  const { data, fetchNextPage } = query;
  const more = query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError;
  const all = useMemo(() => data?.pages.flatMap((p) => p.activities), [data]);
  const rows = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return (all ?? []).filter((a) => group?.has(a.kind) && (!troubled || a.error !== "" || a.lossesMore > 0n || a.tasksFailed > 0) && (wanted === "" || a.title.toLowerCase().includes(wanted)));
  }, [all, group, search, troubled]);
  const put = (key: string, value: string) => setParams((was) => {
    const next = new URLSearchParams(was);
    if (value) next.set(key, value);
    else next.delete(key);
    return next;
  }, { replace: true });
  const shown = rows.length;
  const onShow = useCallback((_: number, to: number) => {
    if (to >= shown - 20 && more) void fetchNextPage();
  }, [shown, more, fetchNextPage]);
  // What is looked for may be older than all that was read, when nothing is left to scroll.
  useEffect(() => {
    if (shown < 20 && more) void fetchNextPage();
  }, [shown, more, fetchNextPage]);
  const columns: Column<Activity>[] = [
    { key: "status", title: "Status", width: "7.5rem", cell: (a) => <Status status={a.status} /> },
    { key: "title", title: "Activity", width: "minmax(12rem, 3fr)", cell: (a) => <span title={a.title}>{a.title}</span> },
    { key: "kind", title: "Kind", width: "minmax(7rem, 1fr)", above: 720, cell: (a) => kindName(a.kind) },
    {
      key: "progress", title: "Progress", width: "minmax(9rem, 2fr)", above: 560,
      cell: (a) => (isLive(a.status) ? <Busy activity={a} /> : <span className={styles.text}>{a.error || progressText(a)}</span>),
    },
    { key: "started", title: "Started", width: "11rem", above: 420, cell: (a) => moment(a.started) },
    { key: "took", title: "Took", width: "6rem", above: 860, end: true, cell: (a) => took(a) },
  ];
  return (
    <Page title="Activities" about="Everything long that is going on or went on: backups, recoveries, and what is done to repositories." filled>
      <div className={styles.top}>
        <TabList selectedValue={group?.key ?? ""} onTabSelect={(_, d) => put("kind", String(d.value))} aria-label="Kinds of activities" size="small">
          {groups.map((g) => <Tab key={g.key} value={g.key}>{g.title}</Tab>)}
        </TabList>
        <TabList selectedValue={running ? "running" : troubled ? "trouble" : ""} onTabSelect={(_, d) => put("state", String(d.value))} aria-label="States of activities" size="small">
          <Tab value="">Live and past</Tab>
          <Tab value="running">Live</Tab>
          <Tab value="trouble">With problems</Tab>
        </TabList>
        <SearchBox className={styles.search} aria-label="Search activities" placeholder="Name" value={search} onChange={(_, d) => setSearch(d.value)} />
      </div>
      <Loaded query={query} what="The activities">
        {() => (all?.length === 0 && !running ? (
          <EmptyState icon={<PulseRegular />} title="Nothing has been done yet">Backups, recoveries and everything else that takes a while stands here while it goes on and afterwards.</EmptyState>
        ) : (
          <Grid<Activity>
            label="Activities" columns={columns} count={rows.length} row={(i) => rows[i]} rowKey={(a) => a.id} onShow={onShow} onOpen={(a) => void navigate(activityPath(a))}
            empty={query.hasNextPage ? "Looking through older ones…" : running ? "Nothing is going on now." : "No activity fits."}
          />
        ))}
      </Loaded>
    </Page>
  );
}

function Busy({ activity: a }: { activity: Activity }) {
  const styles = useStyles();
  const part = progressOf(a);
  return (
    <span className={styles.busy}>
      <ProgressBar aria-label={`Progress of ${a.title}`} {...(part === undefined ? {} : { value: part, max: 100, "aria-valuenow": part })} />
      <Text size={200} className={styles.text}>{a.waiting || a.phase || progressText(a)}</Text>
    </span>
  );
}
