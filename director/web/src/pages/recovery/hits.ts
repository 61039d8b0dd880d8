import { create } from "@bufbuild/protobuf";
import { PointSchema, type MessageSummary, type Point } from "@/gen/holdfast/director/v1/inventory_pb";
import type { SearchHit } from "@/gen/holdfast/director/v1/search_pb";
import { brief, emptyPart, messageKey, partKey, withPart, type Draft } from "@/pages/recovery/draft";

/**
 * Where a found message is taken from: the point that is looked through if it has it, otherwise the newest that has it. Looked
 * is that point's partKey; empty for none.
 */
export function hitPart(h: SearchHit, looked = ""): { point: Point; message: MessageSummary } {
  let id = h.pointId;
  let folderId = h.message?.folderId ?? "";
  let time = h.places.flatMap((p) => p.points).find((p) => p.id === id)?.time;
  for (const place of h.places) {
    const at = place.points.find((p) => partKey({ repositoryId: h.repositoryId, id: p.id }) === looked);
    if (at) ({ id, time } = at, folderId = place.folderId);
  }
  const point = create(PointSchema, {
    id, repositoryId: h.repositoryId, accountId: h.accountId, mailboxId: h.mailboxId, jobId: h.jobId, jobName: h.jobName,
    mailboxName: h.mailboxName, mailboxAddress: h.mailboxAddress, time, complete: true,
  });
  const message = brief(h.message ?? ({ id: "", folderId, subject: "" } as MessageSummary), folderId);
  return { point, message };
}

/** Chooses found messages, each of its point, or takes them back. */
export function setHits(d: Draft, hits: SearchHit[], on: boolean, looked: string): Draft {
  let next = d;
  const changed = new Map<string, Map<string, MessageSummary>>();
  for (const h of hits) {
    const { point, message } = hitPart(h, looked);
    const key = partKey(point);
    const part = next.parts.find((p) => partKey(p.point) === key) ?? emptyPart(point);
    const messages = changed.get(key) ?? new Map(part.messages);
    if (on) messages.set(messageKey(message), message);
    else messages.delete(messageKey(message));
    changed.set(key, messages);
    if (!next.parts.includes(part)) next = { ...next, parts: [...next.parts, part] };
  }
  for (const part of next.parts) {
    const messages = changed.get(partKey(part.point));
    if (messages) next = withPart(next, { ...part, messages });
  }
  return next;
}
