package jobs

import (
	"fmt"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// checkChain names the first schedule that follows a job which is not there, or that leads back to the job itself.
func checkChain(tx *store.Tx, j record.Job) error {
	for n, s := range j.Schedules {
		if s.After == nil {
			continue
		}
		field := fmt.Sprintf("job.schedules[%d].after_job.job_id", n)
		if s.After.Job == j.ID {
			return fault.InvalidField(field, "a job cannot start after itself")
		}
		other, err := store.Jobs.Get(tx, string(s.After.Job))
		if fault.KindOf(err) == fault.NotFound {
			return fault.InvalidField(field, "there is no job %q", s.After.Job)
		}
		if err != nil {
			return err
		}
		back, err := leadsTo(tx, other, j.ID, map[record.JobID]bool{})
		if err != nil {
			return err
		}
		if back {
			return fault.InvalidField(field, "job %s itself starts after this one, directly or through others: that would never end", other.Name)
		}
	}
	return nil
}

// leadsTo reports whether a job starts after another, directly or through others.
func leadsTo(tx *store.Tx, j record.Job, target record.JobID, seen map[record.JobID]bool) (bool, error) {
	for _, s := range j.Schedules {
		if s.After == nil || seen[s.After.Job] {
			continue
		}
		if s.After.Job == target {
			return true, nil
		}
		seen[s.After.Job] = true
		next, err := store.Jobs.Get(tx, string(s.After.Job))
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return false, err
		}
		if back, err := leadsTo(tx, next, target, seen); back || err != nil {
			return back, err
		}
	}
	return false, nil
}

// followerOf returns the name of a job that starts after another; empty when there is none.
func followerOf(tx *store.Tx, id record.JobID) (string, error) {
	for j, err := range store.Jobs.All(tx, "") {
		if err != nil {
			return "", err
		}
		for _, s := range j.Schedules {
			if s.After != nil && s.After.Job == id {
				return j.Name, nil
			}
		}
	}
	return "", nil
}
