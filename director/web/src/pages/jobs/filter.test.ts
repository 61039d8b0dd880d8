import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { TaskSchema, TaskStatus } from "@/gen/holdfast/director/v1/run_pb";
import { countTasks, filterTasks, taskText } from "@/pages/jobs/filter";

const task = (mailboxName: string, status: TaskStatus) => create(TaskSchema, { id: mailboxName, mailboxName, mailboxAddress: `${mailboxName}@contoso.com`.toLowerCase(), status });
const tasks = [task("Ada", TaskStatus.RUNNING), task("Bob", TaskStatus.FAILED), task("Cleo", TaskStatus.RETRYING), task("Dan", TaskStatus.QUEUED)];

test("tasks are counted by what becomes of them", () => {
  expect(countTasks(tasks)).toEqual({ all: 4, running: 1, waiting: 2, failed: 1, incomplete: 0, successful: 0, stopped: 0 });
});

test("a filter and a search narrow together", () => {
  expect(filterTasks(tasks, "all", "")).toBe(tasks);
  expect(filterTasks(tasks, "waiting", "").map((t) => t.mailboxName)).toEqual(["Cleo", "Dan"]);
  expect(filterTasks(tasks, "waiting", "DAN@").map((t) => t.mailboxName)).toEqual(["Dan"]);
});

test("what holds a task up is told before anything else", () => {
  expect(taskText(create(TaskSchema, { waiting: "waiting for Microsoft, 40 s", phase: "messages" }))).toBe("Waiting for Microsoft, 40 s");
  expect(taskText(create(TaskSchema, { status: TaskStatus.INCOMPLETE, losses: [{}], lossesMore: 2n }))).toBe("3 could not be kept");
});
