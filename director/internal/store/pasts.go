package store

import "holdfast/director/internal/record"

// ForgetPasts deletes what earlier runs of a job took. There need not be anything.
func ForgetPasts(tx *Tx, job record.JobID) error {
	var keys []string
	for p, err := range Pasts.All(tx, PastKey(job, "", "")) {
		if err != nil {
			return err
		}
		keys = append(keys, PastKey(p.Job, p.Account, p.Mailbox))
	}
	for _, key := range keys {
		if err := Pasts.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}
