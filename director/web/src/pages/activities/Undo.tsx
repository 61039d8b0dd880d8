import { useState } from "react";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useMutation } from "@connectrpc/connect-query";
import {
  Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Spinner, Text,
} from "@fluentui/react-components";
import { ArrowUndoRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { Activity } from "@/gen/holdfast/director/v1/activity_pb";
import { RecoveryService } from "@/gen/holdfast/director/v1/recovery_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { Progress } from "@/pages/activities/Progress";
import { UndoCounts } from "@/pages/activities/Report";
import { isLive, useActivity } from "@/pages/activities/useActivity";
import { Explained } from "@/parts/Explained";
import { FaultNote } from "@/parts/FaultNote";
import { moment } from "@/parts/format";
import { Role, useForbidden } from "@/session/me";

/** Takes a recovery back; what that would do is counted first. */
export function Undo({ activity: a }: { activity: Activity }) {
  const forbidden = useForbidden(Role.OPERATOR);
  const [open, setOpen] = useState(false);
  if (!a.undoUntil || isLive(a.status)) return null;
  const over = timestampMs(a.undoUntil) < Date.now() && `It could be undone until ${moment(a.undoUntil)}.`;
  const r = a.recovery;
  // What failed or was stopped may have changed more than its report says.
  const nothing = a.status === RunStatus.SUCCEEDED && r && r.created + r.renamed + r.overwritten + r.foldersCreated === 0n && "This recovery changed nothing.";
  return (
    <>
      <Explained icon={<ArrowUndoRegular />} why={forbidden ?? (over || nothing)} onClick={() => setOpen(true)}>Undo</Explained>
      <Dialog open={open} modalType="alert" onOpenChange={(_, d) => setOpen(d.open)}>
        {open ? <Question activity={a} onClose={() => setOpen(false)} /> : <></>}
      </Dialog>
    </>
  );
}

function Question({ activity: a, onClose }: { activity: Activity; onClose: () => void }) {
  const navigate = useNavigate();
  const plan = useMutation(RecoveryService.method.undoRecovery);
  const undo = useMutation(RecoveryService.method.undoRecovery, {
    onSuccess: (r) => {
      onClose();
      void navigate(`/activities/${r.activityId}`);
    },
  });
  const planned = useActivity(plan.data?.activityId ?? "");
  const p = planned.activity;
  const failed = plan.error ?? planned.error ?? undo.error;
  const counting = plan.isPending || (plan.data && (!p || isLive(p.status)));
  return (
    <DialogSurface aria-describedby={undefined}>
      <DialogBody>
        <DialogTitle>Undo this recovery?</DialogTitle>
        <DialogContent>
          <div style={{ display: "flex", flexDirection: "column", gap: 12 }}>
            <Text>
              Messages that the recovery created are removed, and messages that it overwrote are put back. Messages that were changed since then
              are moved to Deleted Items instead of being removed.
            </Text>
            {p && isLive(p.status) && <Progress activity={p} />}
            {p && !isLive(p.status) && (p.undo ? <UndoCounts report={p.undo} plan /> : <Text>{p.error || "There is nothing to undo."}</Text>)}
            {failed != null && <FaultNote title="That could not be done" error={failed} />}
          </div>
        </DialogContent>
        <DialogActions fluid>
          <Button onClick={onClose}>Cancel</Button>
          <Button icon={counting ? <Spinner size="tiny" /> : undefined} disabledFocusable={Boolean(counting)} onClick={() => plan.mutate({ activityId: a.id, planOnly: true })}>
            Count first
          </Button>
          <Button
            appearance="primary" icon={undo.isPending ? <Spinner size="tiny" /> : undefined} disabledFocusable={undo.isPending || Boolean(counting)}
            onClick={() => undo.mutate({ activityId: a.id })}
          >
            Undo the recovery
          </Button>
        </DialogActions>
      </DialogBody>
    </DialogSurface>
  );
}
