// Package report says how a run or an activity ended: as a mail in text and HTML, and as JSON for webhooks. It tells people
// what to look at first: the result, then what went wrong and why. It holds no mail content and no subjects, no output of
// scripts and no secrets; it names mailboxes, as the API does.
package report

import (
	"cmp"
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Bounds of one report, so that it stays readable and small.
const (
	maxMailboxes = 100
	maxReasons   = 20
	maxDamage    = 50
	// maxLossLists is of how many mailboxes the reasons of losses are read.
	maxLossLists = 500
)

// Facts are what a report tells.
type Facts struct {
	Run record.Run
	// Result is the run's, but failed where damage was found.
	Result record.RunStatus
	// Troubled are mailboxes that are not all right, failed ones first; TroubledMore is how many beyond them there are.
	Troubled     []Mailbox
	TroubledMore int
	// Lost is how many things could not be kept, and Reasons why, the commonest first.
	Lost    int64
	Reasons []Reason
	// RequestID is that of an activity of one task.
	RequestID string
	Recovery  *record.RecoveryReport
	Damage    []string
	Scripts   record.RunScripts
	// NextStart is the next start of the job by the clock; zero for none.
	NextStart time.Time
	// Expiring are credentials of accounts that end soon, the first to end first; Told is when that was so.
	Expiring []Expiring
	Told     time.Time
	// Zone is where times are told.
	Zone *time.Location
	// Link leads to the run; empty for none.
	Link string
}

// Mailbox is one that a run left incomplete, or without a point.
type Mailbox struct {
	Name, Address, Error, RequestID string
	Status                          record.TaskStatus
	Lost                            int64
	Tries                           int
}

// Reason is why things were lost, and how many.
type Reason struct {
	Text  string
	Count int64
}

// Gather reads the facts of a run that ended. PublicURL is where people reach the Director; empty for no link.
func Gather(tx *store.Tx, id record.RunID, publicURL string, now time.Time) (Facts, error) {
	f := Facts{Zone: time.UTC}
	var err error
	if f.Run, err = store.Runs.Get(tx, string(id)); err != nil {
		return Facts{}, err
	}
	if f.Scripts, err = store.RunScripts.Get(tx, string(id)); err != nil && fault.KindOf(err) != fault.NotFound {
		return Facts{}, err
	}
	if err := f.tasks(tx); err != nil {
		return Facts{}, err
	}
	if err := f.job(tx, now); err != nil {
		return Facts{}, err
	}
	if err := f.expiring(tx, now); err != nil {
		return Facts{}, err
	}
	f.Result = f.Run.Status
	if len(f.Damage) > 0 && f.Result != record.RunStopped {
		f.Result = record.RunFailed
	}
	if publicURL != "" {
		room := "/activities/"
		if f.Run.Kind == record.KindBackup {
			room = "/runs/"
		}
		f.Link = publicURL + room + string(id)
	}
	return f, nil
}

func (f *Facts) tasks(tx *store.Tx) error {
	reasons := map[string]int64{}
	lists := 0
	for t, err := range store.Tasks.All(tx, store.TaskPrefix(f.Run.ID)) {
		if err != nil {
			return err
		}
		f.Lost += t.Losses + t.LossesMore
		if f.Run.Kind == record.KindBackup {
			f.trouble(&t)
		} else {
			f.RequestID, f.Recovery = t.RequestID, t.RecoveryReport
			f.Damage = damage(&t)
		}
		if t.Losses == 0 || lists >= maxLossLists {
			continue
		}
		lists++
		l, err := store.Losses.Get(tx, string(t.ID))
		if err != nil {
			return err
		}
		for _, one := range l.Losses {
			reasons[one.Reason]++
		}
	}
	for text, n := range reasons {
		f.Reasons = append(f.Reasons, Reason{text, n})
	}
	slices.SortFunc(f.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	f.Reasons = f.Reasons[:min(len(f.Reasons), maxReasons)]
	return nil
}

// trouble adds a mailbox that is not all right; those without a point push out those that have one.
func (f *Facts) trouble(t *record.Task) {
	if t.Status == record.TaskSucceeded {
		return
	}
	m := Mailbox{
		Name: t.MailboxName, Address: t.MailboxAddress, Error: t.Error, RequestID: t.RequestID, Status: t.Status,
		Lost: t.Losses + t.LossesMore, Tries: len(t.Tries),
	}
	at, _ := slices.BinarySearchFunc(f.Troubled, m, func(a, b Mailbox) int {
		if rank(a.Status) <= rank(b.Status) {
			return -1 // behind those of its rank
		}
		return 1
	})
	f.Troubled = slices.Insert(f.Troubled, at, m)
	if len(f.Troubled) > maxMailboxes {
		f.Troubled = f.Troubled[:maxMailboxes]
		f.TroubledMore++
	}
}

func rank(s record.TaskStatus) int {
	switch s {
	case record.TaskFailed:
		return 0
	case record.TaskIncomplete:
		return 1
	default:
		return 2
	}
}

func damage(t *record.Task) []string {
	var list []string
	if t.VerifyReport != nil {
		list = t.VerifyReport.Damage
	}
	if t.RepairReport != nil {
		list = append(slices.Clone(list), t.RepairReport.Damage...)
	}
	return list
}

// Damaged reports whether an activity found damage.
func Damaged(tx *store.Tx, run *record.Run) (bool, error) {
	if run.Kind != record.KindVerify && run.Kind != record.KindRepair {
		return false, nil
	}
	t, err := store.Tasks.Get(tx, string(record.TaskOf(run.ID, 1)))
	return len(damage(&t)) > 0, err
}

// job finds when the job starts next, if it is there still.
func (f *Facts) job(tx *store.Tx, now time.Time) error {
	if f.Run.Job == "" {
		return nil
	}
	j, err := store.Jobs.Get(tx, string(f.Run.Job))
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range j.Schedules {
		if zone, err := record.ZoneOf(j.Schedules[i].Zone); err == nil && j.Schedules[i].Zone != "" {
			f.Zone = zone
			break
		}
	}
	if next := scheduler.Starts([]record.Job{j}, now, 1); j.Enabled && len(next) > 0 {
		f.NextStart = next[0].Start
	}
	return nil
}
