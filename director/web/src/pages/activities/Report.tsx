import type { ReactNode } from "react";
import { makeStyles, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { sentence } from "@/api/fault";
import type { Activity } from "@/gen/holdfast/director/v1/activity_pb";
import type { UndoReport } from "@/gen/holdfast/director/v1/recovery_pb";
import { isLive } from "@/pages/activities/useActivity";
import { Facts } from "@/parts/Facts";
import { bytes, count, counted } from "@/parts/format";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minWidth: 0, maxWidth: "min(46rem, 100%)" },
  notes: { margin: 0, paddingLeft: tokens.spacingHorizontalXL, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS, overflowWrap: "anywhere" },
});

function some(n: bigint | undefined): string | undefined {
  return n ? count(n) : undefined;
}

/** Sentences under each other. */
function Notes({ title, of }: { title: string; of: string[] }) {
  const styles = useStyles();
  if (of.length === 0) return null;
  return (
    <>
      <Text weight="semibold">{title}</Text>
      <ul className={styles.notes}>{of.map((n, i) => <li key={i}>{sentence(n)}</li>)}</ul>
    </>
  );
}

/** What an undo did, or would do. */
export function UndoCounts({ report: r, plan }: { report: UndoReport; plan?: boolean }) {
  return (
    <Facts
      of={[
        [plan ? "Messages to remove" : "Messages removed", count(r.removed)],
        ["Of these, moved to Deleted Items", some(r.trashed)],
        [plan ? "Messages to put back" : "Messages put back", some(r.putBack)],
        [plan ? "Folders to remove" : "Folders removed", some(r.foldersRemoved)],
        ["Folders that stay, for they hold something", some(r.foldersLeft)],
        ["Messages that stay", some(r.left)],
      ]}
    />
  );
}

/** What an activity did: as its kind has it. Numbers of what goes on are those so far. */
export function Report({ activity: a }: { activity: Activity }) {
  const styles = useStyles();
  const parts: ReactNode[] = [];
  if (a.recovery && !a.planOnly) {
    const r = a.recovery;
    parts.push(
      <Facts
        key="recovery"
        of={[
          ["Messages brought back", count(r.created)],
          ["Brought back beside what is there", some(r.renamed)],
          ["Overwritten", some(r.overwritten)],
          ["Skipped, for they are there", count(r.skipped)],
          ["Not brought back", some(r.failed)],
          ["New folders", some(r.foldersCreated)],
        ]}
      />,
      <Notes key="recovery notes" title="To know" of={r.notes} />,
    );
  }
  if (a.undo) parts.push(<UndoCounts key="undo" report={a.undo} plan={a.planOnly} />);
  if (a.drill) {
    const r = a.drill;
    parts.push(
      <Facts
        key="drill"
        of={[
          ["Messages tried", `${count(r.messages)}, of ${counted(r.mailboxes, "mailbox", "mailboxes")}`],
          ["Came back the same", count(r.same)],
          ["Came back different", count(r.different)],
          ["Did not come back", count(r.missing)],
          ["Parts compared", count(r.compared)],
          ["Left in the test mailbox", some(r.left)],
        ]}
      />,
      <Notes key="drill notes" title="Differences" of={[...r.differences.map((d) => `${d.field}: ${d.text}`), ...(r.differencesMore > 0n ? [`and ${counted(r.differencesMore, "other")}`] : [])]} />,
    );
  }
  if (a.verify) {
    parts.push(
      <Facts key="verify" of={[["Recovery points checked", count(a.verify.points)], ["Blobs checked", count(a.verify.blobs)], ["Read", bytes(a.verify.bytes)], ["Damage", a.verify.damage.length === 0 && !isLive(a.status) ? "None" : some(BigInt(a.verify.damage.length))]]} />,
      <Notes key="verify damage" title="Damage" of={a.verify.damage} />,
    );
  }
  if (a.reclaim) {
    const r = a.reclaim;
    parts.push(
      <Facts key="reclaim" of={[["Space freed", bytes(r.freedBytes)], ["Blobs removed", count(r.blobs)], ["Packs dropped", some(r.packsDropped)], ["Packs rewritten", some(r.packsRewritten)], ["Garbage that stays", r.garbageBytes > 0n && bytes(r.garbageBytes)]]} />,
      <Notes key="reclaim left" title="What should have gone and did not" of={r.left} />,
    );
  }
  if (a.repair) {
    const r = a.repair;
    parts.push(
      <Facts key="repair" of={[["Recovery points", count(r.points)], ["Blobs", count(r.blobs)], ["Read", bytes(r.bytes)]]} />,
      <Notes key="repaired" title="Put right" of={r.repaired} />, <Notes key="damage" title="What stays lost" of={r.damage} />,
    );
  }
  if (a.copy) {
    const r = a.copy;
    parts.push(
      <Facts key="copy" of={[["Recovery points copied", count(r.copied)], ["There before", some(r.present)], ["Deleted there, and not copied", some(r.deleted)], ["Left out", some(r.leftOut)], ["New data", bytes(r.bytes)]]} />,
      <Notes key="copy reasons" title="Why some were left out" of={r.reasons} />,
    );
  }
  if (a.survey) {
    parts.push(<Facts key="survey" of={[["Needed", bytes(a.survey.neededBytes)], ["Garbage", bytes(a.survey.garbageBytes)], ["Could not be read", some(a.survey.unreadable)]]} />);
  }
  const p = a.progress;
  if (parts.length === 0 && p && (p.messagesDone > 0n || p.bytesRead > 0n)) {
    parts.push(
      <Facts
        key="progress"
        of={[
          ["Messages", count(p.messagesDone)], ["Changed since the last point", some(p.messagesChanged)], ["Deleted since the last point", some(p.messagesDeleted)],
          ["Attachments", some(p.attachments)], ["Read", p.bytesRead > 0n && bytes(p.bytesRead)], ["New in the repository", p.bytesNew > 0n && bytes(p.bytesNew)],
          ["Requests to Microsoft", some(p.requests)],
        ]}
      />,
    );
  }
  if (parts.length === 0) return null;
  return (
    <section className={styles.root} aria-labelledby="report">
      <Subtitle2 as="h2" id="report">{isLive(a.status) ? "So far" : a.planOnly ? "What would be done" : "What was done"}</Subtitle2>
      {parts}
    </section>
  );
}
