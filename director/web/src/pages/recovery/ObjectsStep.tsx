import { useEffect, useState } from "react";
import { Button, makeStyles, MessageBar, MessageBarBody, Radio, RadioGroup, SearchBox, Text, tokens } from "@fluentui/react-components";
import { useSearchParams } from "react-router";
import { MessageOrder, type MessageSummary } from "@/gen/holdfast/director/v1/inventory_pb";
import type { SearchHit } from "@/gen/holdfast/director/v1/search_pb";
import { Beside } from "@/pages/recovery/Beside";
import { countOf, covered, folderState, setFolder } from "@/pages/recovery/choice";
import { Contents } from "@/pages/recovery/Contents";
import { base, chosenParts, messageKey, partKey, withPart, type Draft, type Part } from "@/pages/recovery/draft";
import { Export } from "@/pages/recovery/Export";
import { FolderTree } from "@/pages/recovery/FolderTree";
import { usePoint, useRepositories, type Listing } from "@/pages/recovery/hooks";
import { hitPart, setHits } from "@/pages/recovery/hits";
import { MessagePane, type Place } from "@/pages/recovery/MessagePane";
import { hitKey, Results } from "@/pages/recovery/Results";
import { SelectionBar } from "@/pages/recovery/SelectionBar";
import { SeveralMailboxes } from "@/pages/recovery/SeveralMailboxes";
import type { Tree } from "@/pages/recovery/tree";
import { useSearch } from "@/pages/recovery/useSearch";
import { pointText } from "@/pages/recovery/words";
import { counted, mailboxTitle } from "@/parts/format";
import { Loaded } from "@/parts/Loaded";
import { useDebounced } from "@/parts/useDebounced";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS, flexGrow: 1, minHeight: "24rem" },
  top: { display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalXS },
  search: { flexGrow: 1, maxWidth: "40rem", minWidth: "14rem" },
  middle: { display: "flex", gap: tokens.spacingHorizontalM, flexGrow: 1, minHeight: 0 },
  tree: { width: "15rem", flexShrink: 0, display: "flex", minHeight: 0 },
  list: { flexGrow: 1, flexBasis: 0, minWidth: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS, minHeight: 0 },
  scope: { display: "flex", alignItems: "center" },
});

interface Props {
  draft: Draft;
  change: (next: Draft) => void;
}

/** What is recovered: folders and messages of the chosen point, and of others that a search over all points finds. */
export function ObjectsStep({ draft, change }: Props) {
  const part = base(draft);
  const { query, tree } = usePoint(part?.point.repositoryId ?? "", part?.point.id ?? "");
  const told = query.data?.point;
  useEffect(() => {
    // Begun from an address, the draft knows no more than the point's id.
    if (told && part && told.id === part.point.id && !part.point.time) change({ ...draft, parts: [{ ...part, point: told }, ...draft.parts.slice(1)] });
  });
  if (!part) return null;
  if (draft.parts.length > 1 && draft.parts.every((p) => p.whole)) return <SeveralMailboxes draft={draft} change={change} />;
  return (
    <Loaded query={query} what="The recovery point">
      {(data) => (tree ? <Objects draft={draft} change={change} part={part} tree={tree} lost={data.losses.length} /> : null)}
    </Loaded>
  );
}

function Objects({ draft, change, part, tree, lost }: Props & { part: Part; tree: Tree; lost: number }) {
  const styles = useStyles();
  const [params, setParams] = useSearchParams();
  const folder = params.get("folder") ?? "";
  const text = params.get("search") ?? "";
  const everywhere = params.get("in") === "all";
  const [typed, setTyped] = useState(text);
  const settled = useDebounced(typed.trim(), 250);
  const [listing, setListing] = useState<Listing>({ order: MessageOrder.RECEIVED, ascending: false, filter: "" });
  const [shown, setShown] = useState<{ place: Place; key: string }>();
  const put = (values: Record<string, string>) => setParams((was) => {
    const next = new URLSearchParams(was);
    for (const [k, v] of Object.entries(values)) {
      if (v) next.set(k, v);
      else next.delete(k);
    }
    return next;
  }, { replace: true });
  useEffect(() => {
    if (settled !== text) put({ search: settled });
  // The address follows what was typed, not the other way round.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled]);

  const { point } = part;
  const found = useSearch(settled === "" ? undefined : {
    repositoryId: point.repositoryId, text: settled,
    ...(everywhere ? { accountId: point.accountId, mailboxId: point.mailboxId } : { pointId: point.id }),
  });
  const repositories = useRepositories();
  const nameOf = (id: string) => repositories.data?.repositories.find((r) => r.id === id)?.name ?? id;
  const here = partKey(point);
  const hasHit = (h: SearchHit) => {
    const at = hitPart(h, here);
    const of = draft.parts.find((p) => partKey(p.point) === partKey(at.point));
    if (!of) return false;
    if (of.messages.has(messageKey(at.message))) return true;
    return partKey(of.point) === here && covered(of, tree, at.message.folderId);
  };
  const showMessage = (m: MessageSummary) => setShown({
    key: messageKey(m), place: { repositoryId: point.repositoryId, pointId: point.id, folderId: m.folderId, messageId: m.id },
  });
  const showHit = (h: SearchHit) => {
    const at = hitPart(h, here);
    setShown({ key: hitKey(h), place: { repositoryId: at.point.repositoryId, pointId: at.point.id, folderId: at.message.folderId, messageId: at.message.id } });
  };
  const pane = shown && <MessagePane place={shown.place} onClose={() => setShown(undefined)} />;
  const only = chosenParts(draft);
  const [one] = only;
  const inAll = only.reduce((n, p) => n + countOf(p, partKey(p.point) === here ? tree : undefined), 0);
  const notes = [
    only.some((p) => p.whole || p.folders.size > 0) && `${counted(inAll, "message")} in all.`,
    covered(part, tree, folder) && folder !== "" && "This folder is chosen with all below it.",
  ].filter(Boolean).join(" ");
  return (
    <div className={styles.root}>
      <div className={styles.top}>
        <SearchBox
          className={styles.search} placeholder="Search subjects, addresses and text" aria-label="Search mail" value={typed}
          onChange={(_, d) => { setTyped(d.value); setShown(undefined); }}
        />
        <RadioGroup
          layout="horizontal" aria-label="Where to search" value={everywhere ? "all" : "this"}
          onChange={(_, d) => put({ in: d.value === "all" ? "all" : "" })}
        >
          <Radio value="this" label="In this point" />
          <Radio value="all" label="In all points of the mailbox" />
        </RadioGroup>
        <Text>{mailboxTitle(point)}, {pointText(point)}</Text>
      </div>
      {!point.complete && point.time && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>This recovery point is incomplete{lost > 0 ? `: ${counted(lost, "message or folder is", "messages and folders are")} missing` : ""}. An earlier one may have them.</MessageBarBody>
        </MessageBar>
      )}
      <div className={styles.middle}>
        <div className={styles.tree}>
          <FolderTree
            tree={tree} root={mailboxTitle(point)} current={folder}
            onOpen={(id) => { setTyped(""); setShown(undefined); put({ folder: id, search: "" }); }}
            state={(id) => (id === "" ? part.whole || (part.folders.size + part.messages.size > 0 ? "mixed" : false) : folderState(part, tree, id))}
            locked={(id) => id !== "" && (part.whole || covered(part, tree, tree.byId.get(id)?.parentId ?? ""))}
            onChoose={(id, on) => {
              const f = tree.byId.get(id);
              change(withPart(draft, f ? setFolder(part, tree, f, on) : { ...part, whole: on, folders: new Map(), messages: new Map() }));
            }}
          />
        </div>
        <div className={styles.list}>
          {settled === "" ? (
            <Contents
              part={part} tree={tree} folder={folder} listing={listing} onListing={setListing} onFolder={(id) => { setShown(undefined); put({ folder: id }); }}
              onMessage={showMessage} current={shown?.key} change={(next) => change(withPart(draft, next))}
            />
          ) : (
            <Results
              found={found} text={settled} has={hasHit} set={(hits, on) => change(setHits(draft, hits, on, here))} onOpen={showHit} current={shown?.key}
              repositoryName={nameOf}
            />
          )}
        </div>
        <Beside label="Message" above={1180} onClose={() => setShown(undefined)}>{pane}</Beside>
      </div>
      <SelectionBar
        draft={draft} change={change}
        note={notes}
        actions={
          <>
            {only.length === 0 && (
              <Button size="small" onClick={() => change(withPart(draft, { ...part, whole: true }))}>Choose the whole mailbox</Button>
            )}
            {only.length === 1 && one && <Export part={one} title="Download" />}
          </>
        }
      />
    </div>
  );
}

