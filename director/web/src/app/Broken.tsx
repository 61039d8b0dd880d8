import { Button } from "@fluentui/react-components";
import { WarningRegular } from "@fluentui/react-icons";
import { useRouteError } from "react-router";
import { EmptyState } from "@/parts/EmptyState";

/** What stands in place of a page that failed: a fault of these pages, or pages of another version after an upgrade. */
export function Broken() {
  const error = useRouteError();
  const text = error instanceof Error ? error.message : String(error);
  return (
    <EmptyState icon={<WarningRegular />} title="This page failed" actions={<Button appearance="primary" onClick={() => window.location.reload()}>Load it again</Button>}>
      Nothing that is stored is harmed. After an upgrade of the Director, loading the page again is all it takes. What the browser says: {text}
    </EmptyState>
  );
}
