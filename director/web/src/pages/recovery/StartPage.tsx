import { useEffect, useMemo, useState } from "react";
import { Button, Card, CardHeader, makeStyles, SearchBox, Text, tokens } from "@fluentui/react-components";
import { ArchiveRegular, ArrowCounterclockwiseRegular, FolderOpenRegular, LockClosedRegular, ShieldCheckmarkRegular } from "@fluentui/react-icons";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import type { SearchHit } from "@/gen/holdfast/director/v1/search_pb";
import { recoverFrom, type From } from "@/pages/recovery/address";
import { Beside } from "@/pages/recovery/Beside";
import { beginAt, beginDraft, chosenParts, messageKey, partKey, type Draft } from "@/pages/recovery/draft";
import { Export } from "@/pages/recovery/Export";
import { Filters, requestFrom } from "@/pages/recovery/Filters";
import { hitPart, setHits } from "@/pages/recovery/hits";
import { useRepositories } from "@/pages/recovery/hooks";
import { MessagePane } from "@/pages/recovery/MessagePane";
import { RecentRecoveries } from "@/pages/recovery/RecentRecoveries";
import { hitKey, Results } from "@/pages/recovery/Results";
import { SelectionBar } from "@/pages/recovery/SelectionBar";
import { useSearch } from "@/pages/recovery/useSearch";
import { EmptyState } from "@/parts/EmptyState";
import { Page } from "@/parts/Page";
import { useDebounced } from "@/parts/useDebounced";
import { Role, useForbidden } from "@/session/me";

const useStyles = makeStyles({
  top: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  search: { flexGrow: 1, maxWidth: "56rem", minWidth: "16rem" },
  middle: { display: "flex", gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: 0 },
  list: { flexGrow: 1, flexBasis: 0, minWidth: 0, minHeight: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
  begin: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(17rem, 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start", maxWidth: "56rem" },
  soft: { color: tokens.colorNeutralForeground2 },
  icon: { fontSize: "24px", color: tokens.colorBrandForeground1, display: "flex" },
  rest: { overflowY: "auto", display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXL, paddingBottom: tokens.spacingVerticalL },
});

/** Where every recovery begins: a search over all mail, or the choice of a backup. */
export function StartPage() {
  const why = useForbidden(Role.OPERATOR);
  const [params] = useSearchParams();
  const from = Object.fromEntries(["repository", "point", "folder", "job", "account", "mailbox"].flatMap((k) => (params.get(k) ? [[k, params.get(k)]] : []))) as From;
  // From a job, a mailbox or a repository one goes on where that is chosen already.
  if (!why && Object.keys(from).length > 0) return <Navigate to={recoverFrom(from)} replace />;
  if (!why) return <Start />;
  return (
    <Page title="Recovery">
      <EmptyState icon={<LockClosedRegular />} title="Recovery is for operators">{why} What is in mailboxes is not for auditors to see.</EmptyState>
    </Page>
  );
}

function Start() {
  const styles = useStyles();
  const [params, setParams] = useSearchParams();
  const [typed, setTyped] = useState(params.get("q") ?? "");
  const settled = useDebounced(typed, 250);
  const put = (values: Record<string, string>) => setParams((was) => {
    const next = new URLSearchParams(was);
    for (const [k, v] of Object.entries(values)) {
      if (v) next.set(k, v);
      else next.delete(k);
    }
    return next;
  }, { replace: true });
  useEffect(() => {
    if (settled.trim() !== (params.get("q") ?? "")) put({ q: settled.trim() });
  // The address follows what was typed, not the other way round.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled]);
  const request = useMemo(() => requestFrom(params), [params]);
  return (
    <Page title="Recovery" about="Find the mail that is missed, or choose a backup and take out of it what is needed." filled>
      <div className={styles.top}>
        <SearchBox
          size="large" className={styles.search} autoFocus aria-label="Search all mail" placeholder="Words of the subject, the text, a name or an address"
          value={typed} onChange={(_, d) => setTyped(d.value)}
        />
        <Filters params={params} put={put} />
      </div>
      {request ? <Hits request={request} text={settled.trim()} /> : <Begin />}
    </Page>
  );
}

function Begin() {
  const styles = useStyles();
  const navigate = useNavigate();
  return (
    <div className={styles.rest}>
      <div className={styles.begin}>
        <Card>
          <CardHeader
            image={<span className={styles.icon}><ArchiveRegular aria-hidden /></span>} header={<Text weight="semibold">Choose a backup</Text>}
            description={<Text className={styles.soft}>Look through the folders of a mailbox as they were on a day; recover messages, folders or all of it, or download them.</Text>}
          />
          <Button appearance="primary" icon={<FolderOpenRegular />} style={{ alignSelf: "flex-start" }} onClick={() => void navigate("/recovery/new/backup")}>Choose a backup</Button>
        </Card>
        <Card>
          <CardHeader
            image={<span className={styles.icon}><ShieldCheckmarkRegular aria-hidden /></span>} header={<Text weight="semibold">Recovery drills</Text>}
            description={<Text className={styles.soft}>Prove on schedule that backups can be recovered: a sample comes back into a test mailbox and is compared with what is kept.</Text>}
          />
          <Button icon={<ShieldCheckmarkRegular />} style={{ alignSelf: "flex-start" }} onClick={() => void navigate("/recovery/drills")}>Recovery drills</Button>
        </Card>
      </div>
      <RecentRecoveries />
    </div>
  );
}

function Hits({ request, text }: { request: NonNullable<ReturnType<typeof requestFrom>>; text: string }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const found = useSearch(request);
  const repositories = useRepositories();
  const [draft, setDraft] = useState<Draft>(beginDraft);
  const [shown, setShown] = useState<SearchHit>();
  const has = (h: SearchHit) => {
    const { point, message } = hitPart(h);
    return draft.parts.some((p) => partKey(p.point) === partKey(point) && p.messages.has(messageKey(message)));
  };
  const recover = (d: Draft) => void navigate(beginAt(d, "options"));
  const only = chosenParts(draft);
  const [one] = only;
  const pane = shown && <HitPane hit={shown} onClose={() => setShown(undefined)} onRecover={() => recover(setHits(beginDraft(), [shown], true, ""))} />;
  return (
    <>
      <div className={styles.middle}>
        <div className={styles.list}>
          <Results
            found={found} text={text} mailboxes has={has} set={(hits, on) => setDraft(setHits(draft, hits, on, ""))} onOpen={setShown}
            current={shown && hitKey(shown)} repositoryName={(id) => repositories.data?.repositories.find((r) => r.id === id)?.name ?? id}
          />
        </div>
        <Beside label="Message" above={1280} onClose={() => setShown(undefined)}>{pane}</Beside>
      </div>
      {only.length > 0 && (
        <SelectionBar
          draft={draft} change={setDraft}
          actions={
            <>
              {only.length === 1 && one && <Export part={one} title="Download" />}
              <Button size="small" appearance="primary" icon={<ArrowCounterclockwiseRegular />} onClick={() => recover(draft)}>Recover what is chosen</Button>
            </>
          }
        />
      )}
    </>
  );
}

function HitPane({ hit, onClose, onRecover }: { hit: SearchHit; onClose: () => void; onRecover: () => void }) {
  const navigate = useNavigate();
  const { point, message } = hitPart(hit);
  return (
    <MessagePane
      place={{ repositoryId: point.repositoryId, pointId: point.id, folderId: message.folderId, messageId: message.id }} onClose={onClose}
      actions={
        <>
          <Button size="small" appearance="primary" icon={<ArrowCounterclockwiseRegular />} onClick={onRecover}>Recover</Button>
          <Button
            size="small" icon={<FolderOpenRegular />}
            onClick={() => void navigate(recoverFrom({ repository: point.repositoryId, point: point.id, folder: message.folderId }))}
          >
            Show its folder
          </Button>
        </>
      }
    />
  );
}
