import { Fragment } from "react";
import { makeStyles, tokens } from "@fluentui/react-components";

const useStyles = makeStyles({
  mark: { backgroundColor: tokens.colorPaletteYellowBackground2, color: tokens.colorNeutralForeground1, borderRadius: tokens.borderRadiusSmall },
});

/** The words and phrases of a search ("report “first quarter”"), as the Director takes it apart. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const found of text.matchAll(/["“”]([^"“”]+)["“”]|(\S+)/g)) {
    const word = (found[1] ?? found[2] ?? "").trim();
    if (word) words.push(word);
  }
  return words;
}

/** Cuts a text where words of a search are in it; every second piece is one. */
export function pieces(text: string, words: string[]): string[] {
  const safe = words.filter((w) => w.length > 0).map((w) => w.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length);
  if (safe.length === 0) return [text];
  return text.split(new RegExp(`(${safe.join("|")})`, "iu"));
}

/** A text with what was searched for marked in it. */
export function Marked({ text, words }: { text: string; words: string[] }) {
  const styles = useStyles();
  if (words.length === 0) return <>{text}</>;
  return (
    <>
      {pieces(text, words).map((piece, i) => (i % 2 ? <mark key={i} className={styles.mark}>{piece}</mark> : <Fragment key={i}>{piece}</Fragment>))}
    </>
  );
}
