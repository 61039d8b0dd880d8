import type { ReactNode } from "react";
import { Button, Spinner } from "@fluentui/react-components";
import { ClipboardTaskListLtrRegular } from "@fluentui/react-icons";
import { useNavigate } from "react-router";
import type { useNames } from "@/pages/jobs/hooks";
import { EmptyState } from "@/parts/EmptyState";
import { FaultNote } from "@/parts/FaultNote";

/** What stands where there is no job yet: the first of the things that are missing for one. */
export function NoJobs({ names, add }: { names: ReturnType<typeof useNames>; add: ReactNode }) {
  const navigate = useNavigate();
  if (names.error) return <FaultNote title="What there is could not be read" error={names.error} />;
  if (!names.accountList || !names.repositoryList || !names.transporterList) return <Spinner label="Loading" style={{ margin: "auto" }} />;
  const go = (text: string, to: string) => <Button appearance="primary" onClick={() => void navigate(to)}>{text}</Button>;
  if (names.transporterList.length === 0) {
    return <Nothing actions={go("Add a Transporter", "/transporters/new")}>A job needs a Transporter, which does the work. Add one first.</Nothing>;
  }
  if (names.accountList.length === 0) {
    return <Nothing actions={go("Add an account", "/accounts/new")}>A job backs up mailboxes of a Microsoft 365 account. Add the account first.</Nothing>;
  }
  if (names.repositoryList.length === 0) {
    return <Nothing actions={go("Create a repository", "/repositories/new")}>A job puts backups into a repository: a folder on a Transporter’s disk. Create one first.</Nothing>;
  }
  return <Nothing actions={add}>A job says which mailboxes are backed up, into which repository, when, and how long recovery points are kept.</Nothing>;
}

function Nothing({ children, actions }: { children: ReactNode; actions: ReactNode }) {
  return <EmptyState icon={<ClipboardTaskListLtrRegular />} title="No job yet" actions={actions}>{children}</EmptyState>;
}
