import { expect, test } from "vitest";
import { addDays, dayFrom, dayText, mondayOf } from "@/pages/calendar/weeks";

test("weeks begin on Monday", () => {
  for (let i = 0; i < 14; i++) {
    const day = addDays(new Date(2026, 10, 16), i); // a Monday
    expect(dayText(mondayOf(day))).toBe(i < 7 ? "2026-11-16" : "2026-11-23");
  }
});

test("a day goes on at midnight, also over changes of the clock and of the year", () => {
  for (const start of [new Date(2026, 2, 1), new Date(2026, 9, 1), new Date(2026, 11, 1)]) {
    for (let i = 0; i < 60; i++) expect(addDays(start, i).getHours()).toBe(0);
  }
  expect(dayText(addDays(new Date(2026, 11, 31), 1))).toBe("2027-01-01");
});

test("a day of an address is taken as it stands, or not at all", () => {
  expect(dayText(dayFrom("2028-02-29") ?? new Date(0))).toBe("2028-02-29");
  for (const wrong of [null, "", "today", "2026-02-30", "2026-13-01", "2026-1-1"]) expect(dayFrom(wrong)).toBeUndefined();
});
