import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FolderSchema, MailboxSchema, MessageSummarySchema, PointSchema } from "@/gen/holdfast/director/v1/inventory_pb";
import { IfExists, StartRecoveryRequestSchema } from "@/gen/holdfast/director/v1/recovery_pb";
import { SearchHitSchema } from "@/gen/holdfast/director/v1/search_pb";
import { covered, countOf, folderState, setFolder, setMessages } from "@/pages/recovery/choice";
import {
  base, beginDraft, chosenParts, cleared, loadDraft, markOf, messageKey, partKey, requestOf, saveDraft, withPart, type Draft, type Part,
} from "@/pages/recovery/draft";
import { hitPart, setHits } from "@/pages/recovery/hits";
import { linesOf, messagesBelow, treeOf, wayTo } from "@/pages/recovery/tree";
import { allChosen } from "@/pages/recovery/words";

const folder = (id: string, parentId = "", messages = 1, role = "") => create(FolderSchema, { id, parentId, name: id.toUpperCase(), messages: BigInt(messages), role });
const folders = [folder("root-b"), folder("inbox", "mailbox", 5, "inbox"), folder("a", "inbox", 2), folder("a1", "a", 3), folder("b", "inbox")];
const tree = treeOf(folders);
const message = (folderId: string, id: string) => create(MessageSummarySchema, { folderId, id, subject: id });
const point = create(PointSchema, { id: "p1", repositoryId: "r", accountId: "acc", mailboxId: "mb", mailboxName: "Ada", messages: 12n });

function part(d: Draft): Part {
  const p = base(d);
  if (!p) throw new Error("the draft has no point");
  return p;
}

test("folders whose parent is not in the point stand at the top, the inbox first", () => {
  expect(linesOf(tree, new Set()).map((l) => l.folder.id)).toEqual(["inbox", "root-b"]);
  expect(linesOf(tree, new Set(["inbox", "a"])).map((l) => [l.folder.id, l.level, l.open])).toEqual([
    ["inbox", 1, true], ["a", 2, true], ["a1", 3, undefined], ["b", 2, undefined], ["root-b", 1, undefined],
  ]);
  expect(messagesBelow(tree, "inbox")).toBe(11);
  expect(wayTo(tree, "a1").map((f) => f.id)).toEqual(["inbox", "a", "a1"]);
});

test("a ring of folders ends", () => {
  const ring = treeOf([folder("x", "y"), folder("y", "x")]);
  expect(wayTo(ring, "x").length).toBe(2);
  expect(messagesBelow(ring, "x")).toBe(2);
});

test("a chosen folder takes all below it, and what was chosen there by itself", () => {
  const begun = setMessages(part(beginDraft([point])), [message("a1", "m1"), message("root-b", "m2")], true);
  expect(folderState(begun, tree, "inbox")).toBe("mixed");
  const whole = setFolder(begun, tree, folder("inbox"), true);
  expect([...whole.messages.keys()]).toEqual(["root-b/m2"]);
  expect(covered(whole, tree, "a1")).toBe(true);
  expect(folderState(whole, tree, "root-b")).toBe("mixed");
  expect(countOf(whole, tree)).toBe(12);
  expect(folderState(setFolder(whole, tree, folder("inbox"), false), tree, "a")).toBe(false);
});

test("a recovery of one point names it; of several it names each", () => {
  let d = beginDraft([point]);
  d = withPart(d, setMessages(part(d), [message("a", "m1")], true));
  const one = requestOf(d, true);
  expect([one.repositoryId, one.pointId, one.mailboxes.length, one.planOnly]).toEqual(["r", "p1", 0, true]);
  expect(one.messages.map(messageKey2)).toEqual(["a/m1"]);
  const other = create(PointSchema, { id: "p2", repositoryId: "r", accountId: "acc", mailboxId: "mb2", mailboxName: "Bo" });
  d = withPart(d, { point: other, whole: true, folders: new Map(), messages: new Map() });
  const two = requestOf(d, false);
  expect([two.pointId, two.mailboxes.map((m) => m.pointId)]).toEqual(["", ["p1", "p2"]]);
  expect(allChosen(d)).toBe("1 whole mailbox and 1 message, of 2 recovery points");
});

function messageKey2(m: { folderId: string; messageId: string }): string {
  return messageKey({ folderId: m.folderId, id: m.messageId });
}

test("another mailbox is named with its account, also that of the backup", () => {
  let d = beginDraft([point]);
  d = { ...withPart(d, { ...part(d), whole: true }), request: create(StartRecoveryRequestSchema, { ifExists: IfExists.RENAME, mailboxId: "other" }) };
  expect(requestOf(d, false)).toMatchObject({ accountId: "acc", mailboxId: "other", ifExists: IfExists.RENAME, folderIds: [], messages: [] });
});

test("a draft outlives a reload", () => {
  let d = beginDraft([point]);
  d = withPart(d, setFolder(setMessages(part(d), [message("b", "m")], true), tree, folder("a", "inbox"), true));
  d = { ...d, target: create(MailboxSchema, { id: "t", name: "Target" }), elsewhere: true, plan: { activity: "act", of: markOf(d) } };
  const again = loadDraft(saveDraft(d));
  expect(saveDraft(again)).toBe(saveDraft(d));
  expect(markOf(again)).toBe(markOf(d));
  expect(again.plan?.of).toBe(markOf(d));
  const first = part(d);
  expect(markOf(withPart(d, { ...first, messages: new Map() }))).not.toBe(markOf(d));
});

test("clearing keeps the point that is looked through", () => {
  let d = beginDraft([point]);
  d = withPart(d, { ...part(d), whole: true });
  expect(chosenParts(cleared(d))).toEqual([]);
  expect(base(cleared(d))?.point.id).toBe("p1");
});

const hit = create(SearchHitSchema, {
  repositoryId: "r", pointId: "p9", accountId: "acc", mailboxId: "mb", mailboxName: "Ada", message: message("old", "m7"),
  places: [{ folderId: "old", points: [{ id: "p9" }] }, { folderId: "a", points: [{ id: "p1" }] }],
});

test("what a search over all points found is taken from the point that is looked through when it has it", () => {
  expect(hitPart(hit, "r/p1")).toMatchObject({ point: { id: "p1" }, message: { folderId: "a" } });
  expect(hitPart(hit, "r/p5")).toMatchObject({ point: { id: "p9" }, message: { folderId: "old" } });
});

test("found messages are chosen each of its point, and taken back", () => {
  const looked = partKey(create(PointSchema, { id: "p5", repositoryId: "r" }));
  const d = setHits(beginDraft([create(PointSchema, { id: "p5", repositoryId: "r" })]), [hit], true, looked);
  expect(chosenParts(d).map((p) => [p.point.id, [...p.messages.keys()]])).toEqual([["p9", ["old/m7"]]]);
  expect(chosenParts(setHits(d, [hit], false, looked))).toEqual([]);
});
