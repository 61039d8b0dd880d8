import { create, fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import {
  FolderSchema, MailboxSchema, MessageSummarySchema, PointSchema, type Folder, type Mailbox, type MessageSummary, type Point,
} from "@/gen/holdfast/director/v1/inventory_pb";
import {
  IfExists, MailboxRecoverySchema, MessageRefSchema, StartRecoveryRequestSchema, type MailboxRecovery, type StartRecoveryRequest,
} from "@/gen/holdfast/director/v1/recovery_pb";

/** What was chosen of one recovery point. */
export interface Part {
  point: Point;
  /** All of it. */
  whole: boolean;
  /** By id; each stands for all below it too. */
  folders: ReadonlyMap<string, Folder>;
  /** By messageKey. */
  messages: ReadonlyMap<string, MessageSummary>;
}

/** A recovery as it is put together: the API's request, with names of what it only has ids of. */
export interface Draft {
  /** How and where to; what is chosen is in the parts. Its account is that of the second step, its mailbox that of the fourth. */
  request: StartRecoveryRequest;
  /** The first one is the point that is looked through, chosen from or not; others come from a search over all points. */
  parts: Part[];
  target: Mailbox | undefined;
  /** Not to the original location: a target is needed. */
  elsewhere: boolean;
  /** Each mailbox gets a folder of its own name in the target. */
  apart: boolean;
  /** The activity of the last plan, and a mark of the request that it planned. */
  plan: { activity: string; of: string } | undefined;
}

export function messageKey(m: { folderId: string; id: string }): string {
  return `${m.folderId}/${m.id}`;
}

export function partKey(p: { repositoryId: string; id: string }): string {
  return `${p.repositoryId}/${p.id}`;
}

export function emptyPart(point: Point): Part {
  return { point, whole: false, folders: new Map(), messages: new Map() };
}

/** A recovery of a point, of which nothing is chosen yet. */
export function beginDraft(points: Point[] = []): Draft {
  return {
    request: create(StartRecoveryRequestSchema, { ifExists: IfExists.SKIP }), parts: points.map(emptyPart), target: undefined,
    elsewhere: false, apart: false, plan: undefined,
  };
}

export function isChosen(p: Part): boolean {
  return p.whole || p.folders.size > 0 || p.messages.size > 0;
}

/** The parts that something was chosen of. */
export function chosenParts(d: Draft): Part[] {
  return d.parts.filter(isChosen);
}

/** The point that is looked through; undefined before one was chosen. */
export function base(d: Draft): Part | undefined {
  return d.parts[0];
}

/** The account that is recovered to: the chosen one, or that of the backup. */
export function accountOf(d: Draft): string {
  return d.request.accountId || (d.parts[0]?.point.accountId ?? "");
}

/** Whether everything goes back to where it came from. */
export function isOriginal(d: Draft): boolean {
  return d.request.mailboxId === "";
}

/** Puts a part in place of the one of the same point, or behind the others. */
export function withPart(d: Draft, part: Part): Draft {
  const key = partKey(part.point);
  const at = d.parts.findIndex((p) => partKey(p.point) === key);
  const parts = at < 0 ? [...d.parts, part] : d.parts.with(at, part);
  return { ...d, parts: parts.filter((p, i) => i === 0 || isChosen(p)) };
}

/** Takes everything that was chosen back. */
export function cleared(d: Draft): Draft {
  return { ...d, parts: d.parts.slice(0, 1).map((p) => emptyPart(p.point)) };
}

function recoveryOf(d: Draft, p: Part): MailboxRecovery {
  return create(MailboxRecoverySchema, {
    repositoryId: p.point.repositoryId,
    pointId: p.point.id,
    accountId: isOriginal(d) ? "" : accountOf(d),
    mailboxId: d.request.mailboxId,
    folderIds: p.whole ? [] : [...p.folders.keys()],
    messages: p.whole ? [] : [...p.messages.values()].map((m) => create(MessageRefSchema, { folderId: m.folderId, messageId: m.id })),
    intoFolder: d.apart && !isOriginal(d) ? p.point.mailboxName : "",
  });
}

/** The request that does what the draft says. */
export function requestOf(d: Draft, planOnly: boolean): StartRecoveryRequest {
  const how = { ifExists: d.request.ifExists, ifFolderExists: d.request.ifFolderExists, intoFolder: d.request.intoFolder, planOnly };
  const parts = chosenParts(d).map((p) => recoveryOf(d, p));
  const [only] = parts;
  if (parts.length === 1 && only) {
    const { repositoryId, pointId, accountId, mailboxId, folderIds, messages } = only;
    return create(StartRecoveryRequestSchema, {
      ...how, repositoryId, pointId, accountId, mailboxId, folderIds, messages, intoFolder: only.intoFolder || how.intoFolder,
    });
  }
  return create(StartRecoveryRequestSchema, { ...how, mailboxes: parts });
}

/** A mark of what a draft would do: equal for equal requests. */
export function markOf(d: Draft): string {
  const text = JSON.stringify(toJson(StartRecoveryRequestSchema, requestOf(d, true)));
  let h = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) h = ((h ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return `${text.length}-${h.toString(16)}`;
}

/** Under what the wizard keeps its draft in this tab. */
export const keptDraft = "holdfast.recovery";

/** Leaves a draft where the wizard finds it, for what begins in the middle; what it returns is the address of a step. */
export function beginAt(d: Draft, step: string): string {
  const parts = chosenParts(d);
  const at = parts[0]?.point;
  window.sessionStorage.setItem(keptDraft, saveDraft({ ...d, parts }));
  return `/recovery/new/${step}?${new URLSearchParams({ repository: at?.repositoryId ?? "", point: at?.id ?? "" }).toString()}`;
}

interface Kept {
  request: JsonValue;
  parts: { point: JsonValue; whole: boolean; folders: JsonValue[]; messages: JsonValue[] }[];
  target: JsonValue | null;
  elsewhere: boolean;
  apart: boolean;
  plan: { activity: string; of: string } | null;
}

export function saveDraft(d: Draft): string {
  const kept: Kept = {
    request: toJson(StartRecoveryRequestSchema, d.request),
    parts: d.parts.map((p) => ({
      point: toJson(PointSchema, p.point), whole: p.whole, folders: [...p.folders.values()].map((f) => toJson(FolderSchema, f)),
      messages: [...p.messages.values()].map((m) => toJson(MessageSummarySchema, m)),
    })),
    target: d.target ? toJson(MailboxSchema, d.target) : null,
    elsewhere: d.elsewhere,
    apart: d.apart,
    plan: d.plan ?? null,
  };
  return JSON.stringify(kept);
}

export function loadDraft(text: string): Draft {
  const kept = JSON.parse(text) as Kept;
  return {
    request: fromJson(StartRecoveryRequestSchema, kept.request),
    parts: kept.parts.map((p) => ({
      point: fromJson(PointSchema, p.point), whole: p.whole,
      folders: new Map(p.folders.map((f) => fromJson(FolderSchema, f)).map((f) => [f.id, f])),
      messages: new Map(p.messages.map((m) => fromJson(MessageSummarySchema, m)).map((m) => [messageKey(m), m])),
    })),
    target: kept.target ? fromJson(MailboxSchema, kept.target) : undefined,
    elsewhere: kept.elsewhere,
    apart: kept.apart,
    plan: kept.plan ?? undefined,
  };
}

/** A message as it is remembered in a selection: without what only its preview shows. */
export function brief(m: MessageSummary, folderId = m.folderId): MessageSummary {
  return create(MessageSummarySchema, { id: m.id, folderId, subject: m.subject, from: m.from, received: m.received, size: m.size, attachments: m.attachments });
}
