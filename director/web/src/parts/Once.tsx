import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { CopyRegular } from "@fluentui/react-icons";
import { useToasts } from "@/parts/Toasts";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  row: { display: "flex", gap: tokens.spacingHorizontalS, alignItems: "end" },
  grow: { flexGrow: 1, minWidth: 0 },
  value: { fontFamily: tokens.fontFamilyMonospace },
});

interface Props {
  /** What it is ("One-time password"). */
  label: string;
  value: string;
  /** What to do with it. */
  children: string;
}

/** A secret that is shown this once, and the button that copies it. */
export function Once({ label, value, children }: Props) {
  const styles = useStyles();
  const tell = useToasts();
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => tell.done(`${label} copied`),
      () => tell.failed("It could not be copied", new Error("The browser does not permit it. Select the text and copy it with the keyboard")),
    );
  };
  return (
    <div className={styles.root}>
      <MessageBar intent="warning" layout="multiline"><MessageBarBody>{children}</MessageBarBody></MessageBar>
      <div className={styles.row}>
        <Field label={label} className={styles.grow}>
          <Input readOnly value={value} spellCheck={false} input={{ className: styles.value }} onFocus={(e) => e.currentTarget.select()} />
        </Field>
        <Button icon={<CopyRegular />} onClick={copy}>Copy</Button>
      </div>
    </div>
  );
}
