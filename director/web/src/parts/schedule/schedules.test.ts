import { expect, test } from "vitest";
import { anyWrong, fresh, kinds, wrong } from "@/parts/schedule/schedules";

test("a schedule of each kind begins complete, but for the job that it follows", () => {
  expect(kinds.map(([kind]) => wrong(fresh(kind)))).toEqual([undefined, undefined, undefined, "choose the job that it follows"]);
});

test("a change of kind keeps zone and date", () => {
  const old = { ...fresh("weekly"), zone: "Asia/Tokyo", from: "2027-01-01" };
  expect(fresh("monthly", old)).toMatchObject({ zone: "Asia/Tokyo", from: "2027-01-01" });
});

test("what is wrong is told with the number of the schedule", () => {
  const s = fresh("weekly");
  if (s.when.case === "weekly") s.when.value.days = [];
  expect(anyWrong([fresh("monthly"), s])).toBe("Schedule 2: choose at least one day of the week.");
  expect(anyWrong([s])).toBe("The schedule: choose at least one day of the week.");
  expect(anyWrong([])).toBeUndefined();
});
