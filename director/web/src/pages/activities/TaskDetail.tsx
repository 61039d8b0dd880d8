import { Button, makeStyles, MessageBar, MessageBarBody, Subtitle2, Text, tokens } from "@fluentui/react-components";
import { ArrowCounterclockwiseRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import { sentence } from "@/api/fault";
import { TaskStatus, type Task } from "@/gen/holdfast/director/v1/run_pb";
import { Losses } from "@/pages/activities/Losses";
import { TaskState } from "@/pages/activities/Status";
import { UndoCounts } from "@/pages/activities/Report";
import { recoverFrom } from "@/pages/recovery/address";
import { Facts } from "@/parts/Facts";
import { bytes, count, moment, span } from "@/parts/format";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
  list: { margin: 0, paddingLeft: tokens.spacingHorizontalXL, overflowWrap: "anywhere" },
});

/** All about one mailbox of a run or recovery: how it went, tries that failed, what is missing and why. */
export function TaskDetail({ task: t }: { task: Task }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const auditor = useForbidden(Role.OPERATOR);
  const p = t.progress;
  const r = t.recovery;
  return (
    <div className={styles.root}>
      {t.error !== "" && (
        <MessageBar intent={t.status === TaskStatus.FAILED ? "error" : "warning"} layout="multiline">
          <MessageBarBody>{sentence(t.error)}{t.requestId && ` Microsoft’s request-id: ${t.requestId}`}</MessageBarBody>
        </MessageBar>
      )}
      <Facts
        of={[
          ["Status", <TaskState status={t.status} />],
          ["Address", t.mailboxAddress],
          ["Recovered from", t.source && `${t.source.mailboxName}, ${moment(t.source.pointTime)}`],
          ["Doing", t.status === TaskStatus.RUNNING && (t.waiting || t.phase)],
          ["Started", t.started && moment(t.started)],
          ["Ended", t.ended && moment(t.ended)],
          ["Took", t.took && span(t.took)],
          ["Next try", t.nextTry && moment(t.nextTry)],
          ["Messages", p && p.messagesDone > 0n && count(p.messagesDone)],
          ["Read", p && p.bytesRead > 0n && bytes(p.bytesRead)],
          ["New in the repository", p && p.bytesNew > 0n && bytes(p.bytesNew)],
          ["Requests to Microsoft", p && p.requests > 0n && count(p.requests)],
          ["In the mailbox at the end", t.balance && `${count(t.balance.tenant)} messages; the recovery point has ${count(t.balance.kept)}`],
          ["Without a known reason", t.balance && t.balance.unexplained > 0n && `${count(t.balance.unexplained)} messages`],
          ["Brought back", r && count(r.created + r.renamed + r.overwritten)],
          ["Skipped, for they are there", r && count(r.skipped)],
          ["Not brought back", r && r.failed > 0n && count(r.failed)],
        ]}
      />
      {t.undo && <UndoCounts report={t.undo} />}
      {t.pointId && !auditor && (
        <Button
          icon={<ArrowCounterclockwiseRegular />} style={{ alignSelf: "flex-start" }}
          onClick={() => void navigate(recoverFrom({ repository: t.repositoryId, point: t.pointId }))}
        >
          Recover from this point
        </Button>
      )}
      {t.tries.length > 0 && (
        <section>
          <Subtitle2 as="h3">Tries that failed before</Subtitle2>
          <ul className={styles.list}>
            {t.tries.map((x, i) => (
              <li key={i}><Text>{moment(x.ended)}: {sentence(x.error)}{x.requestId && ` Microsoft’s request-id: ${x.requestId}`}</Text></li>
            ))}
          </ul>
        </section>
      )}
      <Losses list={t.losses} more={t.lossesMore} />
    </div>
  );
}
