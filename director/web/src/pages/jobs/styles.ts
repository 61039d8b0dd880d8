import { makeStyles, tokens } from "@fluentui/react-components";

/** What several pages of jobs look like. */
export const useJobStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  push: { marginLeft: "auto" },
  search: { width: "18rem", maxWidth: "100%" },
  filter: { minWidth: "12rem" },
  cell: { display: "inline-flex", alignItems: "center", gap: tokens.spacingHorizontalS, maxWidth: "100%", verticalAlign: "middle" },
  cut: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  soft: { color: tokens.colorNeutralForeground2 },
  strong: { fontWeight: tokens.fontWeightSemibold },
  buttons: { display: "flex", gap: tokens.spacingHorizontalXXS, justifyContent: "flex-end" },
  cards: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(24rem, 100%), 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
  // In a column that scrolls, a card is not to be squeezed.
  card: { flexShrink: 0 },
  facts: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(16rem, 1fr))", gap: tokens.spacingHorizontalL, alignItems: "start" },
  stack: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  tight: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
  list: { margin: 0, paddingLeft: tokens.spacingHorizontalXL },
  tall: { display: "flex", flexDirection: "column", flexGrow: 1, minHeight: "16rem" },
  row: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, alignItems: "flex-start" },
  end: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, alignItems: "flex-end" },
  narrow: { maxWidth: "40rem" },
  pre: {
    margin: 0, padding: tokens.spacingHorizontalM, maxHeight: "16rem", overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere",
    fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, backgroundColor: tokens.colorNeutralBackground2, borderRadius: tokens.borderRadiusMedium,
  },
});
