import { useState } from "react";
import { Spinner } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useSearchParams } from "react-router";
import { transport } from "@/api/transport";
import { AccountService, type Mailbox } from "@/gen/holdfast/director/v1/inventory_pb";
import { JobSchema } from "@/gen/holdfast/director/v1/job_pb";
import { useNames } from "@/pages/jobs/hooks";
import { JobWizard } from "@/pages/jobs/JobWizard";
import { usual } from "@/pages/jobs/RetentionStep";
import { FaultNote } from "@/parts/FaultNote";
import { Page } from "@/parts/Page";
import { fresh } from "@/parts/schedule/schedules";

const crumbs = [{ text: "Jobs", to: "/jobs" }];
const accounts = createClient(AccountService, transport);

/** All mailboxes that no enabled job backs up. */
async function unprotected(accountId: string, signal: AbortSignal): Promise<Mailbox[]> {
  const all: Mailbox[] = [];
  for (let more = true; more;) {
    const page = await accounts.listMailboxes({ accountId, unprotected: true, pageSize: 10_000, offset: BigInt(all.length) }, { signal });
    all.push(...page.mailboxes);
    more = page.mailboxes.length > 0 && BigInt(all.length) < page.total;
  }
  return all.filter((m) => !m.gone);
}

/**
 * The wizard for a new job. What is chosen at first can be said in the address: mailboxes=unprotected takes those in no job,
 * account a whole account, and each mailbox=ACCOUNT/ID one mailbox.
 */
export function NewJob() {
  const [params] = useSearchParams();
  // The wizard's own addresses do not carry this on.
  const [wish] = useState(() => ({ unprotected: params.get("mailboxes") === "unprotected", account: params.get("account") ?? "", mailboxes: params.getAll("mailbox") }));
  const names = useNames();
  const found = useQuery({ queryKey: ["unprotected", wish.account], queryFn: ({ signal }) => unprotected(wish.account, signal), enabled: wish.unprotected, staleTime: Infinity });
  if (names.error || found.error) return <Page title="New job" crumbs={crumbs}><FaultNote title="What there is could not be read" error={names.error ?? found.error} /></Page>;
  if (!names.accountList || !names.repositoryList || (wish.unprotected && !found.data)) return <Spinner label="Loading" style={{ margin: "auto" }} />;
  const items = wish.unprotected
    ? (found.data ?? []).map((m) => ({ accountId: m.accountId, mailboxId: m.id }))
    : wish.mailboxes.length > 0
      ? wish.mailboxes.map((key) => ({ accountId: key.slice(0, key.indexOf("/")), mailboxId: key.slice(key.indexOf("/") + 1) }))
      : wish.account ? [{ accountId: wish.account }] : [];
  const only = names.repositoryList.length === 1 ? names.repositoryList[0] : undefined;
  const initial = create(JobSchema, {
    enabled: true, options: {}, source: { items }, destination: { repositoryId: only?.id ?? "" }, schedules: [fresh("weekly")], retention: usual(), name: wish.unprotected ? "Unprotected mailboxes" : "",
  });
  return <JobWizard title="New job" crumbs={crumbs} base="/jobs/new" back="/jobs" initial={initial} />;
}
