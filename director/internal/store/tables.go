package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// The tables and sets of the tree in the package's doc comment.
var (
	Identities = Table[record.Identity, *statev1.Identity]{
		name: "identity", noun: "identity", key: func(r *record.Identity) string { return r.Installation },
		empty: func() *statev1.Identity { return &statev1.Identity{} }, encode: encodeIdentity, decode: decodeIdentity,
	}
	Accounts = Table[record.Account, *statev1.Account]{
		name: "accounts", noun: "account", key: func(r *record.Account) string { return string(r.ID) },
		empty: func() *statev1.Account { return &statev1.Account{} }, encode: encodeAccount, decode: decodeAccount,
	}
	Mailboxes = Table[record.Mailbox, *statev1.Mailbox]{
		name: "mailboxes", noun: "mailbox", key: func(r *record.Mailbox) string { return MailboxKey(r.Account, r.ID) },
		empty: func() *statev1.Mailbox { return &statev1.Mailbox{} }, encode: plain(encodeMailbox), decode: plainly(decodeMailbox),
	}
	Transporters = Table[record.Transporter, *statev1.Transporter]{
		name: "transporters", noun: "Transporter", key: func(r *record.Transporter) string { return string(r.ID) },
		empty:  func() *statev1.Transporter { return &statev1.Transporter{} },
		encode: plain(encodeTransporter), decode: plainly(decodeTransporter),
	}
	Repositories = Table[record.Repository, *statev1.Repository]{
		name: "repositories", noun: "repository", key: func(r *record.Repository) string { return string(r.ID) },
		empty:  func() *statev1.Repository { return &statev1.Repository{} },
		encode: encodeRepository, decode: decodeRepository,
	}
	Jobs = Table[record.Job, *statev1.Job]{
		name: "jobs", noun: "job", key: func(r *record.Job) string { return string(r.ID) },
		empty: func() *statev1.Job { return &statev1.Job{} }, encode: encodeJob, decode: decodeJob,
	}
	Plans = Table[record.Plan, *statev1.Plan]{
		name: "plans", noun: "plan", key: func(r *record.Plan) string { return string(r.Job) },
		empty: func() *statev1.Plan { return &statev1.Plan{} }, encode: plain(encodePlan), decode: plainly(decodePlan),
	}
	RepositoryPlans = Table[record.RepositoryPlan, *statev1.RepositoryPlan]{
		name: "repository-plans", noun: "repository's plan", key: func(r *record.RepositoryPlan) string { return string(r.Repository) },
		empty:  func() *statev1.RepositoryPlan { return &statev1.RepositoryPlan{} },
		encode: plain(encodeRepositoryPlan), decode: plainly(decodeRepositoryPlan),
	}
	Runs = Table[record.Run, *statev1.Run]{
		name: "runs", noun: "run", key: func(r *record.Run) string { return string(r.ID) },
		empty: func() *statev1.Run { return &statev1.Run{} }, encode: plain(encodeRun), decode: plainly(decodeRun),
	}
	Tasks = Table[record.Task, *statev1.Task]{
		name: "tasks", noun: "task", key: func(r *record.Task) string { return string(r.ID) },
		empty: func() *statev1.Task { return &statev1.Task{} }, encode: plain(encodeTask), decode: plainly(decodeTask),
	}
	Losses = Table[record.Losses, *statev1.Losses]{
		name: "losses", noun: "list of losses", key: func(r *record.Losses) string { return string(r.Task) },
		empty: func() *statev1.Losses { return &statev1.Losses{} }, encode: plain(encodeLosses), decode: plainly(decodeLosses),
	}
	Recoveries = Table[record.Recovery, *statev1.Recovery]{
		name: "recoveries", noun: "recovery", key: func(r *record.Recovery) string { return string(r.Task) },
		empty: func() *statev1.Recovery { return &statev1.Recovery{} }, encode: plain(encodeRecovery), decode: plainly(decodeRecovery),
	}
	Users = Table[record.User, *statev1.User]{
		name: "users", noun: "user", key: func(r *record.User) string { return r.Name },
		empty: func() *statev1.User { return &statev1.User{} }, encode: plain(encodeUser), decode: plainly(decodeUser),
	}
	Tokens = Table[record.Token, *statev1.Token]{
		name: "tokens", noun: "token", key: func(r *record.Token) string { return r.Hash },
		empty: func() *statev1.Token { return &statev1.Token{} }, encode: plain(encodeToken), decode: plainly(decodeToken),
	}
	RunScripts = Table[record.RunScripts, *statev1.RunScripts]{
		name: "run-scripts", noun: "run with scripts", key: func(r *record.RunScripts) string { return string(r.Run) },
		empty: func() *statev1.RunScripts { return &statev1.RunScripts{} }, encode: encodeRunScripts, decode: decodeRunScripts,
	}
	Notifications = Table[record.NotificationSettings, *statev1.NotificationSettings]{
		name: "notifications", noun: "settings", key: func(*record.NotificationSettings) string { return NotificationsKey },
		empty:  func() *statev1.NotificationSettings { return &statev1.NotificationSettings{} },
		encode: encodeNotifications, decode: decodeNotifications,
	}
	Deliveries = Table[record.Delivery, *statev1.Delivery]{
		name: "deliveries", noun: "report", key: func(r *record.Delivery) string { return string(r.ID) },
		empty: func() *statev1.Delivery { return &statev1.Delivery{} }, encode: plain(encodeDelivery), decode: plainly(decodeDelivery),
	}
	Pasts = Table[record.Past, *statev1.Past]{
		name: "pasts", noun: "history", key: func(r *record.Past) string { return PastKey(r.Job, r.Account, r.Mailbox) },
		empty: func() *statev1.Past { return &statev1.Past{} }, encode: plain(encodePast), decode: plainly(decodePast),
	}

	SelfBackups = Table[record.SelfBackup, *statev1.SelfBackup]{
		name: "self-backup", noun: "settings", key: func(*record.SelfBackup) string { return OnlyKey },
		empty: func() *statev1.SelfBackup { return &statev1.SelfBackup{} }, encode: encodeSelfBackup, decode: decodeSelfBackup,
	}
	Histories = Table[record.History, *statev1.History]{
		name: "history", noun: "settings", key: func(*record.History) string { return OnlyKey },
		empty: func() *statev1.History { return &statev1.History{} }, encode: plain(encodeHistory), decode: plainly(decodeHistory),
	}
	SpaceSamples = Table[record.SpaceSample, *statev1.SpaceSample]{
		name: "space-samples", noun: "sample", key: func(r *record.SpaceSample) string { return SpaceSampleKey(r.Repository, r.Day()) },
		empty: func() *statev1.SpaceSample { return &statev1.SpaceSample{} }, encode: plain(encodeSpaceSample), decode: plainly(decodeSpaceSample),
	}

	Drills = Table[record.Drill, *statev1.Drill]{
		name: "drills", noun: "drill", key: func(r *record.Drill) string { return string(r.ID) },
		empty: func() *statev1.Drill { return &statev1.Drill{} }, encode: plain(encodeDrill), decode: plainly(decodeDrill),
	}
	Audit = Table[record.AuditEntry, *statev1.AuditEntry]{
		name: "audit", noun: "entry of the audit log", key: func(r *record.AuditEntry) string { return r.ID },
		empty: func() *statev1.AuditEntry { return &statev1.AuditEntry{} }, encode: plain(encodeAudit), decode: plainly(decodeAudit),
	}

	RunsOfJob      = Set{"runs-of-job"}
	RunsActive     = Set{"runs-active"}
	TasksUnsettled = Set{"tasks-unsettled"}
	RunsToPrune    = Set{"runs-to-prune"}
)

var buckets = []string{
	Identities.name, Accounts.name, Mailboxes.name, Transporters.name, Repositories.name, Jobs.name, Plans.name, Runs.name, Tasks.name,
	Losses.name, Recoveries.name, Users.name, Tokens.name, RunsOfJob.name, RunsActive.name, TasksUnsettled.name, RunsToPrune.name,
	RunScripts.name, Notifications.name, Deliveries.name,
	Pasts.name,
	RepositoryPlans.name, SelfBackups.name, Histories.name, Drills.name,
	SpaceSamples.name, Audit.name,
}

// NotificationsKey is the key of the one record in Notifications.
const NotificationsKey = "settings"

// MailboxKey is the key of a mailbox; with an empty id the prefix of all of an account.
func MailboxKey(account mail.AccountID, id mail.MailboxID) string {
	return string(account) + "/" + string(id)
}

// JobRunKey is the key of a run in RunsOfJob; with an empty id the prefix of all of a job.
func JobRunKey(job record.JobID, run record.RunID) string { return string(job) + "/" + string(run) }

// TaskPrefix is what the keys of all tasks of a run begin with.
func TaskPrefix(run record.RunID) string { return string(run) + "-" }

// plain makes an encoder of one that seals nothing.
func plain[R any, P any](fn func(*R) P) func(*sealer, *R) (P, error) {
	return func(_ *sealer, r *R) (P, error) { return fn(r), nil }
}

func plainly[R any, P any](fn func(P) R) func(*sealer, P) (R, error) {
	return func(_ *sealer, p P) (R, error) { return fn(p), nil }
}
