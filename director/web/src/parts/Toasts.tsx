import { createContext, useCallback, useContext, useMemo, type ReactNode } from "react";
import { Button, Link, makeStyles, Toast, ToastBody, Toaster, ToastTitle, ToastTrigger, tokens, useId, useToastController } from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { faultOf } from "@/api/fault";

/** What can be done about a message. */
export interface ToastAction {
  text: string;
  act: () => void;
}

interface Tell {
  /** Says that something was done. With an action, the message stays a little longer and offers it ("Undo", "Watch it"). */
  done: (title: string, more?: string, action?: ToastAction) => void;
  /** Says that something failed, with what to do. */
  failed: (title: string, error: unknown) => void;
}

const Context = createContext<Tell>({ done: () => undefined, failed: () => undefined });

const useStyles = makeStyles({ actions: { display: "flex", alignItems: "center", columnGap: tokens.spacingHorizontalS } });

/** What a message offers, and the way to be rid of it before its time. */
function Offers({ action }: { action?: ToastAction | undefined }) {
  const styles = useStyles();
  return (
    <span className={styles.actions}>
      {action && <ToastTrigger><Link as="button" onClick={action.act}>{action.text}</Link></ToastTrigger>}
      <ToastTrigger><Button size="small" appearance="transparent" icon={<DismissRegular />} aria-label="Dismiss" /></ToastTrigger>
    </span>
  );
}

/**
 * Short messages at the foot of the page, read aloud by screen readers. They stand in its middle: the buttons that lead on
 * are at its ends.
 */
export function Toasts({ children }: { children: ReactNode }) {
  const id = useId("toasts");
  const { dispatchToast } = useToastController(id);
  const done = useCallback(
    (title: string, more?: string, action?: ToastAction) =>
      dispatchToast(
        <Toast>
          <ToastTitle action={<Offers action={action} />}>{title}</ToastTitle>
          {more && <ToastBody>{more}</ToastBody>}
        </Toast>,
        { intent: "success", timeout: action ? 10_000 : 5000 },
      ),
    [dispatchToast],
  );
  const failed = useCallback(
    (title: string, error: unknown) => {
      const fault = faultOf(error);
      dispatchToast(
        <Toast>
          <ToastTitle action={<Offers />}>{title}</ToastTitle>
          <ToastBody subtitle={fault.requestId && `Microsoft's request-id: ${fault.requestId}`}>
            {fault.message} {fault.remedy}
          </ToastBody>
        </Toast>,
        { intent: "error", timeout: 15000 },
      );
    },
    [dispatchToast],
  );
  const tell = useMemo(() => ({ done, failed }), [done, failed]);
  return (
    <Context.Provider value={tell}>
      {children}
      <Toaster toasterId={id} position="bottom" />
    </Context.Provider>
  );
}

export function useToasts(): Tell {
  return useContext(Context);
}
