import { useState } from "react";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { LockClosedRegular } from "@fluentui/react-icons";
import { useSearchParams } from "react-router";
import { transport } from "@/api/transport";
import { queries } from "@/api/queries";
import { PointSchema } from "@/gen/holdfast/director/v1/inventory_pb";
import { RecoveryService } from "@/gen/holdfast/director/v1/recovery_pb";
import { AccountStep } from "@/pages/recovery/AccountStep";
import { BackupStep } from "@/pages/recovery/BackupStep";
import { accountOf, base, beginDraft, chosenParts, keptDraft, loadDraft, requestOf, saveDraft, type Draft } from "@/pages/recovery/draft";
import { ObjectsStep } from "@/pages/recovery/ObjectsStep";
import { OptionsStep } from "@/pages/recovery/OptionsStep";
import { PlanStep } from "@/pages/recovery/PlanStep";
import { EmptyState } from "@/parts/EmptyState";
import { Page } from "@/parts/Page";
import { Wizard, type Step } from "@/parts/Wizard";
import { Role, useForbidden } from "@/session/me";

const client = createClient(RecoveryService, transport);

const keep = { key: keptDraft, save: saveDraft, load: loadDraft };

const steps: Step<Draft>[] = [
  {
    key: "backup", title: "Backup", content: (d, change) => <BackupStep draft={d} change={change} />,
    problem: (d) => (base(d) ? undefined : "Choose a mailbox and one of its recovery points."),
  },
  {
    key: "account", title: "Recovery account", content: (d, change) => <AccountStep draft={d} change={change} />,
    problem: (d) => (accountOf(d) || d.parts.length > 0 ? undefined : "Choose the account to recover to."),
  },
  {
    key: "objects", title: "Objects", content: (d, change) => <ObjectsStep draft={d} change={change} />,
    problem: (d) => (chosenParts(d).length > 0 ? undefined : "Choose the folders and messages to recover, or the whole mailbox."),
  },
  {
    key: "options", title: "Options", content: (d, change) => <OptionsStep draft={d} change={change} />,
    problem: (d) => (d.elsewhere && !d.request.mailboxId ? "Choose the mailbox to recover to." : undefined),
  },
  { key: "plan", title: "Plan and finish", content: (d, change) => <PlanStep draft={d} change={change} /> },
];

/** Begins where the address says: another point than that of the kept draft begins anew. */
function begin(params: URLSearchParams): Draft {
  const repositoryId = params.get("repository") ?? "";
  const id = params.get("point") ?? "";
  const fresh = id === "" || repositoryId === "" ? beginDraft() : beginDraft([create(PointSchema, { id, repositoryId })]);
  const text = window.sessionStorage.getItem(keep.key);
  if (!text) return fresh;
  try {
    const kept = loadDraft(text);
    const at = base(kept)?.point;
    if (at?.id === id && at.repositoryId === repositoryId) return kept;
  } catch {
    // One of an older version of these pages.
  }
  window.sessionStorage.removeItem(keep.key);
  return fresh;
}

/** The way from a backup to mail that is back. */
export function RecoveryWizard() {
  const [params] = useSearchParams();
  const why = useForbidden(Role.OPERATOR);
  const [initial] = useState(() => begin(params));
  if (why) {
    return (
      <Page title="Recover mail">
        <EmptyState icon={<LockClosedRegular />} title="Recovery is for operators">{why} What is in mailboxes is not for auditors to see.</EmptyState>
      </Page>
    );
  }
  return (
    <Wizard<Draft>
      title="Recover mail" crumbs={[{ text: "Recovery", to: "/recovery" }]} base="/recovery/new" back="/recovery" steps={steps} initial={initial} keep={keep}
      across keepQuery
      finish={[{
        title: "Recover", primary: true,
        act: async (d) => {
          const { activityId } = await client.startRecovery(requestOf(d, false));
          await queries.invalidateQueries();
          return `/activities/${activityId}`;
        },
      }]}
    />
  );
}
