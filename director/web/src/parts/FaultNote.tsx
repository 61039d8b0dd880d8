import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { faultOf } from "@/api/fault";

interface Props {
  /** What could not be done ("The jobs could not be read"). */
  title: string;
  error: unknown;
  retry?: () => void;
}

/** A failure in its place on the page: cause, remedy, Microsoft's request-id, and the button that tries again. */
export function FaultNote({ title, error, retry }: Props) {
  const fault = faultOf(error);
  return (
    <MessageBar intent="error" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle>
        {fault.message} {fault.remedy}
        {fault.requestId && <> Microsoft’s request-id: {fault.requestId}</>}
      </MessageBarBody>
      {retry && (
        <MessageBarActions>
          <Button onClick={retry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
