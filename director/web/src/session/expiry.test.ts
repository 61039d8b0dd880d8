import { timestampDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { expiryOf, wrongDay } from "@/session/expiry";

const now = new Date("2026-03-10T12:00:00");

test("a token for some days ends that many days from now", () => {
  const end = expiryOf("30", "", now);
  expect(end && timestampDate(end).getTime() - now.getTime()).toBe(30 * 86_400_000);
});

test("a token until a day is good on that day", () => {
  const end = expiryOf("until", "2026-03-10", now);
  expect(end && timestampDate(end)).toEqual(new Date("2026-03-10T23:59:59"));
});

test("a token for ever has no end", () => {
  expect(expiryOf("never", "2026-03-10", now)).toBeUndefined();
});

test("a day that is over, or none, is refused", () => {
  expect(wrongDay("2026-03-09", now)).toBe("That day is over.");
  expect(wrongDay("", now)).toMatch(/^Choose/);
  expect(wrongDay("2026-03-10", now)).toBeUndefined();
});
