import { useState } from "react";
import { Tab, TabList } from "@fluentui/react-components";
import { create } from "@bufbuild/protobuf";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { useSearchParams } from "react-router";
import { refresh } from "@/api/refresh";
import { NotificationService, NotificationSettingsSchema, type NotificationSettings } from "@/gen/holdfast/director/v1/notification_pb";
import { Deliveries } from "@/pages/settings/Deliveries";
import { MailServerForm } from "@/pages/settings/MailServerForm";
import { ReportsForm } from "@/pages/settings/ReportsForm";
import { Webhooks } from "@/pages/settings/Webhooks";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { useToasts } from "@/parts/Toasts";

/** What the forms of this page are given: the settings, and the way to save a part of them. */
export interface SettingsProps {
  settings: NotificationSettings;
  /** Saves, and rejects with why it could not. */
  save: (part: Partial<NotificationSettings>) => Promise<void>;
}

const tabs = ["server", "reports", "webhooks", "deliveries"] as const;
type Tab = (typeof tabs)[number];

/** Whom the Director tells of what ended, by which way, and whether that arrived. */
export function MailPage() {
  const [params, setParams] = useSearchParams();
  const shown = params.get("show");
  const tab: Tab = tabs.find((t) => t === shown) ?? "server";
  const query = useQuery(NotificationService.method.getNotificationSettings, {});
  const tell = useToasts();
  const [version, setVersion] = useState(0);
  const update = useMutation(NotificationService.method.updateNotificationSettings);
  return (
    <Page title="E-mail and reports" about="Jobs name who is told of their runs. Here is how mail is sent, and who is told of everything." filled={tab === "deliveries"}>
      <TabList selectedValue={tab} onTabSelect={(_, d) => setParams(d.value === "server" ? {} : { show: String(d.value) }, { replace: true })}>
        <Tab value="server">Mail server</Tab>
        <Tab value="reports">Reports of everything</Tab>
        <Tab value="webhooks">Webhooks</Tab>
        <Tab value="deliveries">Deliveries</Tab>
      </TabList>
      {tab === "deliveries" ? (
        <Deliveries />
      ) : (
        <Loaded query={query} what="The settings">
          {(data) => {
            const settings = data.settings ?? create(NotificationSettingsSchema);
            const props: SettingsProps = {
              settings,
              save: async (part) => {
                await update.mutateAsync({ settings: { ...settings, ...part } });
                await refresh(NotificationService);
                setVersion((n) => n + 1);
                tell.done("The settings were saved");
              },
            };
            if (tab === "webhooks") return <Webhooks key={version} {...props} />;
            if (tab === "reports") return <ReportsForm key={version} {...props} />;
            return <MailServerForm key={version} {...props} />;
          }}
        </Loaded>
      )}
    </Page>
  );
}
