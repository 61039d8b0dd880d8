import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AuditEntrySchema } from "@/gen/holdfast/director/v1/auth_pb";
import { areaName, methodName, objectNames, resultName, whatName, whoName } from "@/pages/settings/auditWords";

test("what was done is told in words, also what came later", () => {
  expect(methodName("SystemService/SignIn")).toBe("Sign in");
  expect(methodName("JobService/DeleteJob")).toBe("Delete job");
  expect(methodName("/download/export")).toBe("Export mail");
  expect(methodName("/download/new-thing")).toBe("New thing");
  expect(areaName("JobService")).toBe("Jobs");
  expect(areaName("StarGazingService")).toBe("Star gazing");
  expect(whatName(create(AuditEntrySchema, { method: "RecoveryService/StartRecovery" }))).toBe("Start recovery");
  expect(whatName(create(AuditEntrySchema, { method: "RecoveryService/StartRecovery", planOnly: true }))).toBe("Start recovery (plan only)");
});

test("who did it, to what, and how it ended", () => {
  const entry = create(AuditEntrySchema, {
    user: "anna", tokenName: "nightly", objects: [{ kind: "job", id: "j1", name: "All mail" }, { kind: "point", id: "p7" }], moreObjects: 3, fault: "not found",
  });
  expect(whoName(entry)).toBe("anna (token nightly)");
  expect(objectNames(entry)).toBe("job All mail, point p7, 3 more");
  expect(resultName(entry)).toBe("Not found");
  const nobody = create(AuditEntrySchema, {});
  expect([whoName(nobody), objectNames(nobody), resultName(nobody)]).toEqual(["Nobody signed in", "", "Done"]);
  const made = create(AuditEntrySchema, { objects: [{ kind: "user" }, { kind: "token", name: "nightly" }, { kind: "token", id: "t1", name: "nightly" }], fault: "unauthorized" });
  expect([objectNames(made), resultName(made)]).toEqual(["token nightly", "Refused"]);
});
