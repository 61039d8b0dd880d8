import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { MailboxSchema } from "@/gen/holdfast/director/v1/inventory_pb";
import { DestinationSchema, JobSchema, type Source } from "@/gen/holdfast/director/v1/job_pb";
import { has, moved, picked, pickAccount, pickMailboxes, pruned, putFirst, unplaced } from "@/pages/jobs/source";

const box = (id: string, accountId = "a") => create(MailboxSchema, { id, accountId, name: id });
const [x, y, z] = [box("x"), box("y"), box("z")];
const shown = (s: Source) => `${s.items.map((i) => (i.mailboxId ? i.mailboxId : `[${i.accountId}]`)).join(" ")} - ${s.excludedMailboxIds.join(" ")}`.trim();

test("a mailbox of a whole account is left by exclusion, one of another by name", () => {
  const whole = pickAccount(undefined, "a", true, [x, y, z]);
  expect(shown(pickMailboxes(whole, [x, y], false))).toBe("[a] - x y");
  expect(shown(pickMailboxes(pickMailboxes(whole, [x, y], false), [x], true))).toBe("[a] - y");
  const named = pickMailboxes(undefined, [x, y], true);
  expect(shown(named)).toBe("x y -");
  expect(shown(pickMailboxes(named, [x], false))).toBe("y -");
});

test("an account taken whole keeps the places of mailboxes that were named", () => {
  const both = pickAccount(pickMailboxes(undefined, [y], true), "a", true, [x, y, z]);
  expect(shown(both)).toBe("y [a] -");
  expect(shown(pickMailboxes(both, [y], false))).toBe("[a] - y");
  expect(shown(pickAccount(both, "a", false, [x, y, z]))).toBe("-");
});

test("leaving an account forgets what was left out of it, and not of others", () => {
  const other = box("o", "b");
  const two = pickMailboxes(pickAccount(pickAccount(undefined, "a", true, [x]), "b", true, [other]), [x, other], false);
  expect(shown(two)).toBe("[a] [b] - x o");
  expect(shown(pickAccount(two, "b", false, [other]))).toBe("[a] - x");
});

test("order changes by moving, and by putting mailboxes first", () => {
  const three = pickMailboxes(undefined, [x, y, z], true);
  expect(shown(moved(three, 2, 0))).toBe("z x y -");
  expect(shown(moved(three, 0, 9))).toBe("y z x -");
  expect(shown(putFirst(pickAccount(undefined, "a", true, [x, y, z]), [z, x]))).toBe("z x [a] -");
});

test("what is excluded is not backed up", () => {
  const p = picked(pickMailboxes(pickAccount(undefined, "a", true, [x, y]), [x], false));
  expect([has(p, x), has(p, y)]).toEqual([false, true]);
});

test("destinations of what is not backed up any more go", () => {
  const destination = create(DestinationSchema, { accounts: [{ accountId: "a", repositoryId: "r" }], mailboxes: [{ accountId: "a", mailboxId: "x", repositoryId: "s" }, { accountId: "a", mailboxId: "y", repositoryId: "s" }] });
  const left = pruned(create(JobSchema, { source: pickMailboxes(undefined, [x], true), destination })).destination;
  expect(left?.mailboxes.map((m) => m.mailboxId)).toEqual(["x"]);
  expect(pruned(create(JobSchema, { source: {}, destination })).destination?.accounts).toEqual([]);
});

test("what goes nowhere is found", () => {
  const source = pickMailboxes(undefined, [x, y], true);
  expect(unplaced(create(JobSchema, { source }))?.mailboxId).toBe("x");
  expect(unplaced(create(JobSchema, { source, destination: { mailboxes: [{ accountId: "a", mailboxId: "x", repositoryId: "r" }] } }))?.mailboxId).toBe("y");
  expect(unplaced(create(JobSchema, { source, destination: { accounts: [{ accountId: "a", repositoryId: "r" }] } }))).toBeUndefined();
});
