import { useState } from "react";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { Button, Input, makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { transport } from "@/api/transport";
import type { BackupSize, Point } from "@/gen/holdfast/director/v1/inventory_pb";
import { RecoveryService } from "@/gen/holdfast/director/v1/recovery_pb";
import { counted } from "@/parts/format";
import { FaultNote } from "@/parts/FaultNote";

const client = createClient(RecoveryService, transport);

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  line: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
});

interface Props {
  of: BackupSize[];
  /** Told what was found, and what was not. */
  onFound: (points: Point[], note: string) => void;
  onClear: () => void;
}

function same(list: BackupSize[], of: (b: BackupSize) => string): string {
  const first = list[0] ? of(list[0]) : "";
  return list.every((b) => of(b) === first) ? first : "";
}

/** Takes several mailboxes as they were at a moment: of each the newest point that is not newer. */
export function SeveralAt({ of, onFound, onClear }: Props) {
  const styles = useStyles();
  const [at, setAt] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [note, setNote] = useState("");
  const take = async () => {
    setBusy(true);
    setError(undefined);
    setNote("");
    try {
      const answer = await client.listRecoverySources({
        mailboxIds: [...new Set(of.map((b) => b.mailboxId))], accountId: same(of, (b) => b.accountId), jobId: same(of, (b) => b.jobId),
        repositoryId: same(of, (b) => b.repositoryId), at: at ? timestampFromDate(new Date(at)) : undefined,
      });
      const points = answer.sources.flatMap((s) => (s.point ? [s.point] : []));
      const missing = new Set(of.map((b) => `${b.accountId}/${b.mailboxId}`)).size - points.length;
      const said = [...answer.notes, missing > 0 ? `${counted(missing, "mailbox has", "mailboxes have")} no recovery point of that time or before.` : ""].join(" ").trim();
      if (points.length > 0) onFound(points, said);
      else setNote(said);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={styles.root}>
      <div className={styles.line}>
        <Text weight="semibold">{counted(of.length, "backup")} ticked, as of</Text>
        <Input type="datetime-local" aria-label="As of which moment; empty for now" value={at} onChange={(_, d) => setAt(d.value)} />
        <Button appearance="primary" icon={busy ? <Spinner size="tiny" /> : undefined} onClick={() => { if (!busy) void take(); }}>
          {at ? "Take them as of then" : "Take their newest points"}
        </Button>
        <Button onClick={onClear}>Clear</Button>
        <Text aria-live="polite">{note}</Text>
      </div>
      {error !== undefined && <FaultNote title="The recovery points could not be found" error={error} />}
    </div>
  );
}
