import { expect, test } from "vitest";
import { pieces, wordsOf } from "@/pages/recovery/Marked";

test("words and phrases are told apart", () => {
  expect(wordsOf(' report "first quarter"  a+b ')).toEqual(["report", "first quarter", "a+b"]);
  expect(wordsOf("“zwei Wörter” drei")).toEqual(["zwei Wörter", "drei"]);
});

test("every second piece is what was looked for, in any case, the longest first", () => {
  expect(pieces("The Reporting of reports", ["report", "reports"])).toEqual(["The ", "Report", "ing of ", "reports", ""]);
  expect(pieces("a+b (c)", ["a+b", "("])).toEqual(["", "a+b", " ", "(", "c)"]);
  expect(pieces("as it is", [])).toEqual(["as it is"]);
});
