package record

import (
	"fmt"
	"time"

	"holdfast/director/internal/schedule"
)

// RepositoryWork is what is done to a repository by the clock. Numbers are stored.
type RepositoryWork int32

// The works.
const (
	WorkDetach     RepositoryWork = 1
	WorkAttach     RepositoryWork = 2
	WorkVerify     RepositoryWork = 3
	WorkVerifyFull RepositoryWork = 4
	WorkReclaim    RepositoryWork = 5
)

// RepositoryWorks are all of them, in the order in which they are listed.
var RepositoryWorks = []RepositoryWork{WorkDetach, WorkAttach, WorkVerify, WorkVerifyFull, WorkReclaim}

// Switches reports whether the work attaches or detaches. The Director does these itself; the others are tasks.
func (w RepositoryWork) Switches() bool { return w == WorkDetach || w == WorkAttach }

// String names the work as a person would.
func (w RepositoryWork) String() string {
	switch w {
	case WorkDetach:
		return "detach"
	case WorkAttach:
		return "attach"
	case WorkVerify:
		return "verify"
	case WorkVerifyFull:
		return "full verify"
	case WorkReclaim:
		return "reclaim"
	}
	return fmt.Sprintf("work %d", int32(w))
}

// RepositorySchedules says what is done to a repository by the clock. Its schedules have no end, and follow no job.
type RepositorySchedules struct {
	Detach, Attach, Verify, VerifyFull, Reclaim []Schedule
	// Recreate: each attach by schedule deletes everything in the repository first.
	Recreate bool
	// SkipBusy: a detach that meets an activity is passed over; otherwise it waits.
	SkipBusy bool
}

// Of returns the schedules of one work.
func (s *RepositorySchedules) Of(w RepositoryWork) []Schedule {
	switch w {
	case WorkDetach:
		return s.Detach
	case WorkAttach:
		return s.Attach
	case WorkVerify:
		return s.Verify
	case WorkVerifyFull:
		return s.VerifyFull
	case WorkReclaim:
		return s.Reclaim
	}
	return nil
}

// Empty reports whether nothing is done by the clock.
func (s *RepositorySchedules) Empty() bool {
	for _, w := range RepositoryWorks {
		if len(s.Of(w)) > 0 {
			return false
		}
	}
	return true
}

// Next returns the first start of a work after the time, with its schedule; false when there is none.
func (s *RepositorySchedules) Next(w RepositoryWork, after time.Time) (time.Time, schedule.Schedule, bool) {
	var at time.Time
	var by schedule.Schedule
	for _, one := range s.Of(w) {
		c, err := one.Located()
		if err != nil {
			continue // the zone is not known on this machine any more
		}
		if o, ok := c.Next(after); ok && (at.IsZero() || o.Start.Before(at)) {
			at, by = o.Start, c
		}
	}
	return at, by, !at.IsZero()
}

// Detached says in words that the repository is, and until when as far as its schedules tell.
func (r *Repository) Detached(now time.Time) string {
	if at, by, ok := r.Schedules.Next(WorkAttach, now); ok {
		return fmt.Sprintf("repository %s is detached until %s", r.Name, at.In(by.Zone).Format("2006-01-02 15:04 MST"))
	}
	return fmt.Sprintf("repository %s is detached until somebody attaches it", r.Name)
}

// RepositoryPlan is how far the keeper has come with a repository.
type RepositoryPlan struct {
	Repository RepositoryID
	// Considered is up to when starts were considered.
	Considered time.Time
	// Due is what is to be done, at most one of each work, and not both attach and detach.
	Due []DueWork
}

// DueWork is something whose time has come and that is not done yet.
type DueWork struct {
	Work  RepositoryWork
	Start time.Time
	Cause string
	// Run is the activity, where the Director does the work itself.
	Run RunID
	// Waiting is why it is not done yet; empty before it was tried.
	Waiting string
}
