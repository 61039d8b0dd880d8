import { useState } from "react";
import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody, Text, Tooltip, tokens } from "@fluentui/react-components";
import { ArrowDownloadRegular, ArrowLeftRegular, DismissRegular, FlagRegular } from "@fluentui/react-icons";
import { useQuery } from "@connectrpc/connect-query";
import { download } from "@/api/download";
import type { Address } from "@/gen/holdfast/director/v1/inventory_pb";
import { MessageService, type MessageDetail } from "@/gen/holdfast/director/v1/message_pb";
import { Attachments } from "@/pages/recovery/Attachments";
import { HeaderList } from "@/pages/recovery/HeaderList";
import { History } from "@/pages/recovery/History";
import { mailAddress, subjectOf } from "@/pages/recovery/words";
import { bytes, count, moment } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, minHeight: 0, height: "100%", overflowY: "auto" },
  top: { display: "flex", alignItems: "flex-start", gap: tokens.spacingHorizontalS },
  subject: { fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold, lineHeight: tokens.lineHeightBase400, margin: 0, flexGrow: 1, overflowWrap: "anywhere" },
  facts: { display: "grid", gridTemplateColumns: "max-content 1fr", columnGap: tokens.spacingHorizontalM, rowGap: "2px", margin: 0 },
  name: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, overflowWrap: "anywhere" },
  frame: { border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium, backgroundColor: "white", flexGrow: 1, minHeight: "16rem", width: "100%" },
  actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
});

/** Which message is shown; within leads to one that is attached to it, by numbers of attachments. */
export interface Place {
  repositoryId: string;
  pointId: string;
  folderId: string;
  messageId: string;
}

/** The fields of a download or preview of a message. */
export function fieldsOf(place: Place, within: number[]): [string, string][] {
  return [
    ["repository", place.repositoryId], ["point", place.pointId], ["folder", place.folderId], ["message", place.messageId],
    ...within.map((n): [string, string] => ["within", String(n)]),
  ];
}

interface Props {
  place: Place;
  onClose?: () => void;
  /** Buttons of the page around it. */
  actions?: React.ReactNode;
}

/** A kept message as its reader saw it: nothing in it runs, and nothing is loaded from elsewhere unless asked. */
export function MessagePane(props: Props) {
  // Another message begins anew.
  return <Shown key={Object.values(props.place).join("/")} {...props} />;
}

function Shown({ place, onClose, actions }: Props) {
  const styles = useStyles();
  const [within, setWithin] = useState<number[]>([]);
  const query = useQuery(MessageService.method.getMessage, { ...place, within, text: true }, { staleTime: 600_000 });
  const tell = useToasts();
  return (
    <section aria-label="Message" className={styles.root}>
      <Loaded query={query} what="The message">
        {(data) => (
          <>
            <div className={styles.top}>
              {within.length > 0 && (
                <Tooltip content="Back to the message that it is attached to" relationship="label">
                  <Button appearance="subtle" icon={<ArrowLeftRegular />} onClick={() => setWithin(within.slice(0, -1))} />
                </Tooltip>
              )}
              <h2 className={styles.subject}>{subjectOf(data.message?.summary ?? { subject: "" })}</h2>
              {data.message?.summary?.flagged && <FlagRegular aria-label="Flagged" />}
              {onClose && <Button appearance="subtle" icon={<DismissRegular />} aria-label="Close the message" onClick={onClose} />}
            </div>
            {data.message && <Facts m={data.message} />}
            <div className={styles.actions}>
              {within.length === 0 && actions}
              <Button
                size="small" icon={<ArrowDownloadRegular />}
                onClick={() => download("/download/message", fieldsOf(place, within), (e) => tell.failed("The message was not downloaded", e))}
              >
                Download (.eml)
              </Button>
              {data.message && <HeaderList m={data.message} />}
              {within.length === 0 && <History place={place} />}
            </div>
            {data.message && data.message.lost.length > 0 && (
              <MessageBar intent="warning" layout="multiline"><MessageBarBody>Not all of this message could be kept: {data.message.lost.join(" ")}</MessageBarBody></MessageBar>
            )}
            {data.message && <Attachments place={place} within={within} list={data.message.attachments} onOpen={(n) => setWithin([...within, n])} />}
            <Body place={place} within={within} remote={data.page?.remote ?? 0} notes={data.page?.notes ?? []} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Facts({ m }: { m: MessageDetail }) {
  const styles = useStyles();
  const s = m.summary;
  const from = s?.from;
  const rows: [string, string][] = [];
  if (from) rows.push(["From", mailAddress(from)]);
  if (m.sender && from && m.sender.address !== from.address) rows.push(["Sent by", mailAddress(m.sender)]);
  for (const [name, list] of [["To", m.to], ["Cc", m.cc], ["Bcc", m.bcc], ["Reply to", m.replyTo]] as [string, Address[]][]) {
    if (list.length > 0) rows.push([name, list.slice(0, 12).map(mailAddress).join("; ") + (list.length > 12 ? `; and ${count(list.length - 12)} more` : "")]);
  }
  if (s?.received) rows.push(["Received", moment(s.received)]);
  else if (s?.sent) rows.push(["Sent", moment(s.sent)]);
  if (m.categories.length > 0) rows.push(["Categories", m.categories.join(", ")]);
  if (s) rows.push(["Size", `${bytes(s.size)}${s.draft ? ", a draft" : ""}${s.read ? "" : ", unread"}`]);
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Body({ place, within, remote, notes }: { place: Place; within: number[]; remote: number; notes: string[] }) {
  const styles = useStyles();
  const [asked, setAsked] = useState(false);
  const fields = fieldsOf(place, within);
  if (asked) fields.push(["remote", "1"]);
  // What is left out is told by the notes, also that of images elsewhere; it goes once they are loaded.
  const said = notes.filter((n) => !(asked && n.startsWith("Images on other servers")));
  return (
    <>
      {said.length > 0 && (
        <MessageBar layout="multiline">
          <MessageBarBody><Text>{said.join(" ")}</Text></MessageBarBody>
          {remote > 0 && !asked && <MessageBarActions><Button onClick={() => setAsked(true)}>Load images</Button></MessageBarActions>}
        </MessageBar>
      )}
      <iframe
        title="Text of the message" className={styles.frame} sandbox="allow-popups allow-popups-to-escape-sandbox" referrerPolicy="no-referrer"
        src={`/preview?${new URLSearchParams(fields).toString()}`}
      />
    </>
  );
}
