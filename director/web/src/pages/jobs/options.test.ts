import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { JobSchema } from "@/gen/holdfast/director/v1/job_pb";
import { optionsProblem, parseVariables, splitAddresses, suggestedName } from "@/pages/jobs/options";

test("addresses are separated by semicolons, and each is once", () => {
  expect(splitAddresses("a@x.org; b@x.org;a@x.org ;\nc@x.org")).toEqual(["a@x.org", "b@x.org", "c@x.org"]);
});

test("a variable's value may hold anything, an equals sign too", () => {
  expect(parseVariables("A=1\n\nB=x=y\nC")).toEqual({ A: "1", B: "x=y", C: "" });
});

test("options without a fault have no problem", () => {
  const job = create(JobSchema, { id: "1", name: "Daily", reports: { addresses: ["a@x.org"] }, before: { path: "/opt/x.sh" } });
  expect(optionsProblem(job, [job])).toBeUndefined();
});

test.each([
  [{ name: " " }, "Give the job a name."],
  [{ name: "daily" }, "Another job is called Daily."],
  [{ name: "a", reports: { addresses: ["nobody"] } }, "“nobody” is not a mail address."],
  [{ name: "a", before: { path: "" } }, "Enter the path of the script before each run, or take it away."],
  [{ name: "a", after: { path: "x.sh" } }, "The script after each run needs its whole path on the Director’s machine."],
  [{ name: "a", after: { path: "C:\\x.ps1", interpreter: "powershell" } }, "The interpreter of the script after each run needs its whole path."],
])("%j: %s", (job, problem) => {
  expect(optionsProblem(create(JobSchema, { id: "2", ...job }), [create(JobSchema, { id: "1", name: "Daily" })])).toBe(problem);
});

test("a name that is taken gets a number", () => {
  expect(suggestedName("Contoso", [create(JobSchema, { name: "mail of contoso" })])).toBe("Mail of Contoso 2");
});
