import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, DialogTrigger, makeStyles, Text, tokens } from "@fluentui/react-components";
import type { MessageDetail } from "@/gen/holdfast/director/v1/message_pb";
import { count } from "@/parts/format";

const useStyles = makeStyles({
  surface: { maxWidth: "56rem" },
  list: { display: "grid", gridTemplateColumns: "minmax(8rem, max-content) 1fr", columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalXS, margin: 0, fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
  value: { margin: 0, overflowWrap: "anywhere", whiteSpace: "pre-wrap" },
});

/** A button that shows the message's own headers. */
export function HeaderList({ m }: { m: MessageDetail }) {
  const styles = useStyles();
  if (m.headers.length === 0) return null;
  return (
    <Dialog>
      <DialogTrigger disableButtonEnhancement><Button size="small">Headers</Button></DialogTrigger>
      <DialogSurface className={styles.surface} aria-describedby={undefined}>
        <DialogBody>
          <DialogTitle>Headers of the message</DialogTitle>
          <DialogContent tabIndex={0} aria-label="Headers">
            <dl className={styles.list}>
              {m.headers.map((h, i) => (
                <div key={i} style={{ display: "contents" }}>
                  <dt className={styles.name}>{h.name}</dt>
                  <dd className={styles.value}>{h.value}</dd>
                </div>
              ))}
            </dl>
            {m.more > 0 && <Text>{count(m.more)} more headers and addresses are in the file: download it to see them.</Text>}
          </DialogContent>
          <DialogActions><DialogTrigger disableButtonEnhancement><Button>Close</Button></DialogTrigger></DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
