import { useState } from "react";
import { Badge, Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, DialogTrigger, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@connectrpc/connect-query";
import { BrowseService, type MessageVersion } from "@/gen/holdfast/director/v1/browse_pb";
import type { Place } from "@/pages/recovery/MessagePane";
import { counted, exactMoment, fromTo } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";

const useStyles = makeStyles({
  list: { margin: 0, paddingLeft: 0, listStyleType: "none", display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  one: { display: "flex", flexDirection: "column", gap: "2px", borderLeft: `3px solid ${tokens.colorBrandStroke1}`, paddingLeft: tokens.spacingHorizontalM },
  soft: { color: tokens.colorNeutralForeground2 },
});

/** A button that follows the message through all recovery points of its backup. */
export function History({ place }: { place: Place }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={(_, d) => setOpen(d.open)}>
      <DialogTrigger disableButtonEnhancement><Button size="small">History</Button></DialogTrigger>
      {open ? (
        <DialogSurface aria-describedby={undefined}>
          <DialogBody>
            <DialogTitle>History of the message</DialogTitle>
            <DialogContent><Versions place={place} /></DialogContent>
            <DialogActions><DialogTrigger disableButtonEnhancement><Button>Close</Button></DialogTrigger></DialogActions>
          </DialogBody>
        </DialogSurface>
      ) : <></>}
    </Dialog>
  );
}

function Versions({ place }: { place: Place }) {
  const styles = useStyles();
  const query = useQuery(BrowseService.method.getMessageHistory, { ...place }, { staleTime: 60_000 });
  return (
    <Loaded query={query} what="The history">
      {(h) => (
        <>
          <Text block className={styles.soft} style={{ marginBottom: 12 }}>{counted(h.points, "recovery point was", "recovery points were")} looked at, oldest first.</Text>
          <ol className={styles.list}>
            {h.versions.map((v, i) => (
              <li key={i} className={styles.one}>
                <Text weight="semibold">{what(v, i === 0)}</Text>
                <Text className={styles.soft}>
                  {v.points > 1n ? `${fromTo(v.firstTime, v.lastTime)}, in ${counted(v.points, "recovery point")}` : `Recovery point of ${exactMoment(v.firstTime)}`}
                </Text>
                {v.path.length > 0 && <Text>In {v.path.join(" › ")}</Text>}
                {v.message && !v.message.read && <span><Badge appearance="outline">Unread</Badge></span>}
              </li>
            ))}
          </ol>
          {h.more > 0n && <Text block>{counted(h.more, "newer version is", "newer versions are")} not listed here.</Text>}
        </>
      )}
    </Loaded>
  );
}

function what(v: MessageVersion, first: boolean): string {
  if (v.unreadable) return `Cannot be told: ${v.unreadable}`;
  if (v.absent) return first ? "Not there yet" : "Gone from the mailbox";
  const changed = v.aspects.length > 0 ? `Changed: ${v.aspects.join(", ")}` : "";
  if (v.moved) return changed ? `Moved. ${changed}` : "Moved to another folder";
  return changed || (first ? "As it was first kept" : "There");
}
