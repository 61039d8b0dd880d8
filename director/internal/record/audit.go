package record

import "time"

// AuditEntry is what somebody did: one call, or several of the same kind.
type AuditEntry struct {
	// ID is given by the log and sorts by time.
	ID string
	// Time is when it ended, Last when the last of several did.
	Time, Last time.Time
	// User is empty when nobody was signed in.
	User string
	Role Role
	// Kind is 0 when nobody was signed in.
	Kind TokenKind
	// TokenName is that of an API token; Session the id of the session or token.
	TokenName, Session string
	// Remote is the host that called.
	Remote string
	// Method is "JobService/DeleteJob", or the path of a download.
	Method string
	// PlanOnly is set when it asked what would be done, and no more.
	PlanOnly bool
	Objects  []AuditObject
	// More is how many objects there were besides.
	More int
	// Fault is empty when it succeeded.
	Fault string
	// Count is how many calls it stands for.
	Count int
}

// AuditObject is what something was done to.
type AuditObject struct {
	// Kind is a noun: "job".
	Kind string
	ID   string
	// Name is empty for what has none.
	Name string
}
