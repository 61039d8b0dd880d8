import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { JobSchema } from "@/gen/holdfast/director/v1/job_pb";
import { RunStatus } from "@/gen/holdfast/director/v1/run_pb";
import { lines, ordered, shown } from "@/pages/jobs/grouped";

const job = (name: string, group = "", next?: number, lastStatus = RunStatus.UNSPECIFIED) =>
  create(JobSchema, { id: name, name, group, enabled: true, lastStatus, nextStart: next === undefined ? undefined : { seconds: BigInt(next) } });

const names = (list: ReturnType<typeof lines>) => list.map((l) => (l.kind === "group" ? `[${l.name}]` : l.job.name));

test("jobs stand under their groups, those in none last", () => {
  const jobs = [job("b", "Sites"), job("z"), job("a", "Sites"), job("c", "Archive")];
  expect(names(lines(jobs, new Set(), { key: "name", down: false }))).toEqual(["[Archive]", "c", "[Sites]", "a", "b", "[]", "z"]);
  expect(names(lines(jobs, new Set(["Sites"]), { key: "name", down: true }))).toEqual(["[Archive]", "c", "[Sites]", "[]", "z"]);
});

test("without groups there are no headings", () => {
  expect(names(lines([job("b"), job("a")], new Set(), { key: "name", down: false }))).toEqual(["a", "b"]);
});

test("jobs without a next start come last, whichever way", () => {
  const jobs = [job("late", "", 200), job("never"), job("soon", "", 100)];
  expect(ordered(jobs, { key: "next", down: false }).map((j) => j.name)).toEqual(["soon", "late", "never"]);
  expect(ordered(jobs, { key: "next", down: true }).map((j) => j.name)).toEqual(["late", "soon", "never"]);
});

test("what is in trouble is what did not succeed", () => {
  expect(shown(job("a", "", undefined, RunStatus.FAILED), "trouble")).toBe(true);
  expect(shown(job("a", "", undefined, RunStatus.SUCCEEDED), "trouble")).toBe(false);
  expect(shown(job("a", "", undefined, RunStatus.RUNNING), "running")).toBe(true);
});
