package dispatch

import (
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// failedRuns is through how many runs it is looked for how the mailboxes of a job fared last.
const failedRuns = 50

// failed returns those mailboxes which the last run of the job that had them left without a point. Runs of some mailboxes
// only do not hide how the others fared before.
func failed(tx *store.Tx, j record.Job, all []record.Mailbox) (map[mailboxKey]bool, error) {
	unseen := make(map[mailboxKey]bool, len(all))
	for _, m := range all {
		unseen[mailboxKey{account: m.Account, mailbox: m.ID}] = true
	}
	left := map[mailboxKey]bool{}
	runs := 0
	prefix := store.JobRunKey(j.ID, "")
	for key := range store.RunsOfJob.Backward(tx, prefix) {
		if runs++; len(unseen) == 0 || runs > failedRuns {
			break
		}
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(record.RunID(key[len(prefix):]))) {
			if err != nil {
				return nil, err
			}
			k := keyOf(&t)
			if !unseen[k] {
				continue
			}
			delete(unseen, k)
			if t.Status == record.TaskFailed || t.Status == record.TaskStopped {
				left[k] = true
			}
		}
	}
	return left, nil
}
