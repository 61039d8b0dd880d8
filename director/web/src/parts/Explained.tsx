import { Button, Tooltip, type ButtonProps } from "@fluentui/react-components";

type Props = ButtonProps & {
  /** Why it cannot be used now; empty or absent while it can. */
  why?: string | false | undefined;
};

/** A button that says why it is disabled: it keeps its place in the tab order, and its reason is read aloud. */
export function Explained({ why, ...button }: Props) {
  if (!why) return <Button {...(button as ButtonProps)} />;
  return (
    <Tooltip content={why} relationship="description">
      <Button {...(button as ButtonProps)} disabledFocusable />
    </Tooltip>
  );
}
