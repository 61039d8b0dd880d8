import { Button, Checkbox, Field, Input, makeStyles, Popover, PopoverSurface, PopoverTrigger, tokens } from "@fluentui/react-components";
import { FilterRegular } from "@fluentui/react-icons";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AttachmentFilter, type SearchRequestSchema } from "@/gen/holdfast/director/v1/search_pb";
import { counted } from "@/parts/format";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, width: "20rem", maxWidth: "80vw" },
});

/** The parameters of the address that narrow a search. */
export const filterKeys = ["from", "to", "file", "since", "before", "attached"] as const;

/** What the address says of a search, as a request; undefined when nothing is looked for. */
export function requestFrom(params: URLSearchParams): MessageInitShape<typeof SearchRequestSchema> | undefined {
  const get = (key: string) => (params.get(key) ?? "").trim();
  const text = get("q");
  if (text === "" && filterKeys.every((k) => get(k) === "")) return undefined;
  return {
    text, from: get("from"), to: get("to"), attachmentName: get("file"), since: dayOf(get("since"), 0), before: dayOf(get("before"), 1),
    attachments: get("attached") === "yes" ? AttachmentFilter.WITH : AttachmentFilter.UNSPECIFIED,
  };
}

/** The beginning of a day in the user's zone, or of one some days later; undefined for what is none. */
function dayOf(text: string, later: number) {
  const [, y, m, d] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return y && m && d ? timestampFromDate(new Date(Number(y), Number(m) - 1, Number(d) + later)) : undefined;
}

/** A button with the fields that narrow a search. */
export function Filters({ params, put }: { params: URLSearchParams; put: (values: Record<string, string>) => void }) {
  const styles = useStyles();
  const used = filterKeys.filter((k) => params.get(k)).length;
  const field = (key: string, label: string, type: "text" | "date" = "text") => (
    <Field label={label}><Input type={type} value={params.get(key) ?? ""} onChange={(_, d) => put({ [key]: d.value })} /></Field>
  );
  return (
    <Popover trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button size="large" icon={<FilterRegular />}>{used > 0 ? counted(used, "filter") : "Filter"}</Button>
      </PopoverTrigger>
      <PopoverSurface aria-label="Narrow the search">
        <div className={styles.form}>
          {field("from", "From")}
          {field("to", "To, Cc or Bcc")}
          {field("since", "Received on or after", "date")}
          {field("before", "Received on or before", "date")}
          {field("file", "Name of an attachment")}
          <Checkbox label="With attachments" checked={params.get("attached") === "yes"} onChange={(_, d) => put({ attached: d.checked === true ? "yes" : "" })} />
          <Button disabled={used === 0} onClick={() => put(Object.fromEntries(filterKeys.map((k) => [k, ""])))}>Clear the filters</Button>
        </div>
      </PopoverSurface>
    </Popover>
  );
}
