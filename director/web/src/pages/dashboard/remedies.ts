import { useMutation } from "@connectrpc/connect-query";
import { useNavigate } from "react-router";
import { refresh } from "@/api/refresh";
import { AccountService, RepositoryService } from "@/gen/holdfast/director/v1/inventory_pb";
import { JobService } from "@/gen/holdfast/director/v1/job_pb";
import { MaintenanceService } from "@/gen/holdfast/director/v1/maintenance_pb";
import { Action, OverviewService, ProblemKind, type Problem } from "@/gen/holdfast/director/v1/overview_pb";
import { SearchService } from "@/gen/holdfast/director/v1/search_pb";
import { useToasts } from "@/parts/Toasts";
import { Role, useForbidden } from "@/session/me";

/** A button that mends a problem. */
export interface Remedy {
  text: string;
  act: () => void;
  why?: string;
}

/** The list of mailboxes that a kind of problem is about, as part of an address. */
const lists: Partial<Record<ProblemKind, string>> = {
  [ProblemKind.MAILBOXES_UNPROTECTED]: "unprotected",
  [ProblemKind.MAILBOXES_LATE]: "late",
  [ProblemKind.MAILBOXES_GONE]: "gone",
  [ProblemKind.RUN_FAILED]: "failed",
  [ProblemKind.RUN_INCOMPLETE]: "incomplete",
};

function listOf(p: Problem): string {
  const query = new URLSearchParams();
  if (p.accountId) query.set("account", p.accountId);
  if (p.jobId) query.set("job", p.jobId);
  return `/mailboxes/${lists[p.kind] ?? "unprotected"}${query.size > 0 ? `?${query.toString()}` : ""}`;
}

/** The buttons of a problem, the best first. */
export function useRemedies(p: Problem): Remedy[] {
  const navigate = useNavigate();
  const tell = useToasts();
  const operators = useForbidden(Role.OPERATOR);
  const administrators = useForbidden(Role.ADMINISTRATOR);
  const run = useMutation(JobService.method.runJob);
  const enable = useMutation(JobService.method.setJobsEnabled);
  const readAnew = useMutation(AccountService.method.refreshAccount);
  const attach = useMutation(RepositoryService.method.attachRepository);
  const verify = useMutation(RepositoryService.method.verifyRepository);
  const repair = useMutation(RepositoryService.method.repairRepository);
  const reclaim = useMutation(RepositoryService.method.reclaimRepository);
  const rebuild = useMutation(SearchService.method.rebuildSearchIndex);
  const save = useMutation(MaintenanceService.method.startDirectorBackup);

  /** Does something, then says so and looks again; or says why not. */
  const doing = (what: Promise<unknown>, done: string, failed: string) => {
    void what.then(
      () => {
        tell.done(done);
        void refresh(OverviewService, JobService, AccountService, RepositoryService);
      },
      (e: unknown) => tell.failed(failed, e),
    );
  };
  const starting = (what: Promise<{ activityId: string }>, failed: string) => {
    void what.then((a) => navigate(`/activities/${a.activityId}`), (e: unknown) => tell.failed(failed, e));
  };
  const to = (text: string, path: string, why?: string): Remedy => ({ text, act: () => void navigate(path), why });

  const remedy = (action: Action): Remedy | undefined => {
    switch (action) {
      case Action.RUN_FAILED:
        return { text: "Run those again", why: operators, act: () => doing(run.mutateAsync({ jobId: p.jobId, failedOnly: true }), `${p.jobName} is running`, "It could not be started") };
      case Action.RUN_JOB:
        return { text: "Run it now", why: operators, act: () => doing(run.mutateAsync({ jobId: p.jobId }), `${p.jobName} is running`, "It could not be started") };
      case Action.ENABLE_JOB:
        return { text: "Enable it", why: administrators, act: () => doing(enable.mutateAsync({ jobIds: [p.jobId], enabled: true }), `${p.jobName} is enabled`, "It could not be enabled") };
      case Action.EDIT_JOB:
        return to("Edit the job", `/jobs/${p.jobId}/edit`, administrators);
      case Action.PROTECT_MAILBOXES:
        return to("Protect them", "/jobs/new?mailboxes=unprotected", administrators);
      case Action.OPEN_RUN:
        return to("Look at the run", `/runs/${p.runId}`);
      case Action.LIST_MAILBOXES:
        return to("Show the mailboxes", listOf(p));
      case Action.REFRESH_ACCOUNT:
        return { text: "Read mailboxes anew", why: operators, act: () => doing(readAnew.mutateAsync({ accountId: p.accountId }), "The mailboxes were read anew", "They could not be read") };
      case Action.REPLACE_SECRET:
        return to("Enter a new one", `/accounts/${p.accountId}/edit`, administrators);
      case Action.TEST_ACCOUNT:
        return to("Look at the account", `/accounts/${p.accountId}`);
      case Action.ADD_ACCOUNT:
        return to("Add an account", "/accounts/new", administrators);
      case Action.TEST_TRANSPORTER:
        return to("Test its connections", `/transporters/${p.transporterId}`, operators);
      case Action.PAIR_TRANSPORTER:
        return to("Add a Transporter", "/transporters/new", administrators);
      case Action.OPEN_TRANSPORTER:
        return to("Look at it", `/transporters/${p.transporterId}`);
      case Action.ATTACH_REPOSITORY:
        return { text: "Attach it", why: administrators, act: () => doing(attach.mutateAsync({ repositoryId: p.repositoryId }), `${p.repositoryName} is attached`, "It could not be attached") };
      case Action.REPAIR_REPOSITORY:
        return { text: "Repair it", why: operators, act: () => starting(repair.mutateAsync({ repositoryId: p.repositoryId }), "It could not be repaired") };
      case Action.VERIFY_REPOSITORY:
        return { text: "Verify it", why: operators, act: () => starting(verify.mutateAsync({ repositoryId: p.repositoryId }), "It could not be verified") };
      case Action.RECLAIM_REPOSITORY:
        return { text: "Reclaim space", why: operators, act: () => starting(reclaim.mutateAsync({ repositoryId: p.repositoryId }), "Its space could not be reclaimed") };
      case Action.OPEN_REPOSITORY:
        return to("Look at it", `/repositories/${p.repositoryId}`);
      case Action.REBUILD_SEARCH_INDEX:
        return { text: "Make it searchable", why: operators, act: () => doing(rebuild.mutateAsync({ repositoryId: p.repositoryId }), "Its search index is being made", "That could not be begun") };
      case Action.CREATE_REPOSITORY:
        return to("Create a repository", "/repositories/new", administrators);
      case Action.SET_DIRECTOR_BACKUP:
        return to("Set it up", "/settings/self-backup", administrators);
      case Action.START_DIRECTOR_BACKUP:
        return { text: "Back it up now", why: operators, act: () => doing(save.mutateAsync({}), "The Director’s backup has begun", "It could not be begun") };
      case Action.OPEN_DELIVERIES:
        return to("Look at the reports", "/settings/mail");
      case Action.OPEN_CERTIFICATES:
        return to("Look at the certificates", "/settings/certificates");
      case Action.CREATE_JOB:
        return to("Create a job", "/jobs/new", administrators);
      case Action.OPEN_ACTIVITY:
        return to("Look at it", `/activities/${p.runId}`);
      case Action.UNSPECIFIED:
        return undefined;
    }
  };
  return p.actions.map(remedy).filter((r) => r !== undefined);
}
