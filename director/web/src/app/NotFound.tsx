import { Button } from "@fluentui/react-components";
import { MapRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import { EmptyState } from "@/parts/EmptyState";
import { Page } from "@/parts/Page";

/** What an address shows that leads nowhere. */
export function NotFound() {
  const navigate = useNavigate();
  return (
    <Page title="There is no such page">
      <EmptyState icon={<MapRegular />} title="This address leads nowhere" actions={<Button appearance="primary" onClick={() => void navigate("/")}>To the dashboard</Button>}>
        It may be mistyped, or what it showed was deleted.
      </EmptyState>
    </Page>
  );
}
