import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import type { AuditEntry } from "@/gen/holdfast/director/v1/auth_pb";
import { areaName, objectList, resultName, whatName, whoName } from "@/pages/settings/auditWords";
import { Facts } from "@/parts/Facts";
import { count, moment } from "@/parts/format";
import { roleName } from "@/session/me";

/** All that is kept of an entry. */
export function AuditDetail({ entry, onClose }: { entry: AuditEntry | undefined; onClose: () => void }) {
  return (
    <Dialog open={entry !== undefined} onOpenChange={(_, d) => { if (!d.open) onClose(); }}>
      {entry ? (
        <DialogSurface aria-describedby={undefined}>
          <DialogBody>
            <DialogTitle>{whatName(entry)}</DialogTitle>
            <DialogContent>
              <Facts
                of={[
                  ["Who", whoName(entry)], ["Role", roleName(entry.role)], ["From", entry.remote], ["When", moment(entry.time)],
                  ["Times", entry.count > 1 && `${count(entry.count)}, last ${moment(entry.last)}`], ["Area", areaName(entry.area)], ["Result", resultName(entry)],
                  ["Done to", objectList(entry).length > 0 && objectList(entry).map((text) => <div key={text}>{text}</div>)],
                  ["And", entry.moreObjects > 0 && `${count(entry.moreObjects)} more`], ["In the API", entry.method],
                ]}
              />
            </DialogContent>
            <DialogActions><Button appearance="primary" onClick={onClose}>Close</Button></DialogActions>
          </DialogBody>
        </DialogSurface>
      ) : (
        <></>
      )}
    </Dialog>
  );
}
