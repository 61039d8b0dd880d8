import { Button, makeStyles, Text, Tooltip, tokens } from "@fluentui/react-components";
import { AttachRegular, ImageRegular, LinkRegular, MailRegular, WarningRegular } from "@fluentui/react-icons";
import { download } from "@/api/download";
import { AttachmentKind, type AttachmentDetail } from "@/gen/holdfast/director/v1/message_pb";
import { fieldsOf, type Place } from "@/pages/recovery/MessagePane";
import { bytes } from "@/parts/format";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  name: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", maxWidth: "16rem", display: "inline-block", verticalAlign: "bottom" },
  soft: { color: tokens.colorNeutralForeground3 },
});

/** The attachments of a message: files to download, attached messages to look at. */
export function Attachments({ place, within, list, onOpen }: { place: Place; within: number[]; list: AttachmentDetail[]; onOpen: (n: number) => void }) {
  const styles = useStyles();
  if (list.length === 0) return null;
  return (
    <ul className={styles.list} aria-label="Attachments">
      {list.map((a) => <li key={a.number}><One a={a} place={place} within={within} onOpen={onOpen} /></li>)}
    </ul>
  );
}

function One({ a, place, within, onOpen }: { a: AttachmentDetail; place: Place; within: number[]; onOpen: (n: number) => void }) {
  const styles = useStyles();
  const tell = useToasts();
  const name = a.name || `Attachment ${a.number}`;
  const text = <><span className={styles.name} title={name}>{name}</span>&nbsp;<Text size={200} className={styles.soft}>{bytes(a.size)}</Text></>;
  if (a.lost) {
    return (
      <Tooltip content={`It could not be kept: ${a.lost}`} relationship="description">
        <Button size="small" disabledFocusable icon={<WarningRegular />}>{text}</Button>
      </Tooltip>
    );
  }
  if (a.kind === AttachmentKind.MESSAGE) {
    return <Button size="small" icon={<MailRegular />} aria-label={`Open the attached message ${name}`} onClick={() => onOpen(a.number)}>{text}</Button>;
  }
  if (a.kind === AttachmentKind.LINK) {
    return (
      <Tooltip content="A link to a file in the cloud. The file itself is not part of the message." relationship="description">
        <Button size="small" disabledFocusable icon={<LinkRegular />}>{text}</Button>
      </Tooltip>
    );
  }
  return (
    <Button
      size="small" icon={a.inline ? <ImageRegular /> : <AttachRegular />} aria-label={`Download ${name}, ${bytes(a.size)}`}
      onClick={() => download("/download/attachment", [...fieldsOf(place, within), ["attachment", String(a.number)]], (e) => tell.failed(`${name} was not downloaded`, e))}
    >
      {text}
    </Button>
  );
}
