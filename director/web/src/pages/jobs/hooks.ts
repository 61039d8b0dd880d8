import { useMemo } from "react";
import { useQuery } from "@connectrpc/connect-query";
import { AccountService, RepositoryService, TransporterService, type Repository } from "@/gen/holdfast/director/v1/inventory_pb";
import { JobService, type Job } from "@/gen/holdfast/director/v1/job_pb";
import { goesOn } from "@/pages/jobs/status";

/** All jobs, asked again while the page is open: often while one of them runs. */
export function useJobs() {
  return useQuery(JobService.method.listJobs, {}, { refetchInterval: (q) => pace(q.state.data?.jobs ?? []) });
}

/** One job, asked again while the page is open. */
export function useJob(jobId: string) {
  return useQuery(JobService.method.getJob, { jobId }, { enabled: jobId !== "", refetchInterval: (q) => pace(q.state.data?.job ? [q.state.data.job] : []) });
}

function pace(jobs: Job[]): number {
  return jobs.some((j) => goesOn(j.lastStatus) || j.deletion) ? 2_000 : 10_000;
}

/** Accounts, repositories and Transporters, and what they are called by id. */
export function useNames() {
  const accounts = useQuery(AccountService.method.listAccounts, {});
  const repositories = useQuery(RepositoryService.method.listRepositories, {});
  const transporters = useQuery(TransporterService.method.listTransporters, {});
  return useMemo(() => {
    const named = (list: { id: string; name: string }[] | undefined) => new Map((list ?? []).map((x) => [x.id, x.name]));
    return {
      accounts: named(accounts.data?.accounts), repositories: named(repositories.data?.repositories), transporters: named(transporters.data?.transporters),
      accountList: accounts.data?.accounts, repositoryList: repositories.data?.repositories, transporterList: transporters.data?.transporters,
      error: accounts.error ?? repositories.error ?? transporters.error,
    };
  }, [accounts.data, repositories.data, transporters.data, accounts.error, repositories.error, transporters.error]);
}

/** The ids of all repositories that a job's mailboxes go to, each once. */
export function repositoriesOf(job: Job): string[] {
  const d = job.destination;
  const all = [d?.repositoryId ?? "", ...(d?.accounts ?? []).map((a) => a.repositoryId), ...(d?.mailboxes ?? []).map((m) => m.repositoryId)];
  return [...new Set(all.filter((id) => id !== ""))];
}

export function repositoryNamed(list: Repository[] | undefined, id: string): Repository | undefined {
  return list?.find((r) => r.id === id);
}
