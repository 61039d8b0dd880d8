package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// The classes of jobs: how often they run.
const (
	classDaily = iota
	classWeekly
	classMonthly
	classPeriodic
	classAfter
)

// dice are the chances of a job at a minute, the same whoever asks first.
func (j *yearJob) dice(minute int) *rand.Rand {
	return rand.New(rand.NewPCG(j.luck, uint64(minute)))
}

// refuses reports whether the start of a job fails at a minute.
func refuses(j *yearJob, minute int) bool { return j.dice(minute).IntN(50) == 0 }

// fate decides how a run that begins now ends. Ends are on a grid, so that a year has not too many moments, but for the weeks
// in which clocks are changed.
func (y *year) fate(r *yearRun) {
	rng := r.job.dice(r.began + 1)
	length := 1 + rng.IntN(100)
	switch rng.IntN(40) {
	case 0:
		length += rng.IntN(4000)
	case 1:
		length = 1
	}
	r.over = r.began + length
	if !y.closely(r.began) {
		r.over = (r.over + 59) / 60 * 60
	}
	r.result = []record.RunStatus{
		record.RunSucceeded, record.RunSucceeded, record.RunSucceeded, record.RunSucceeded, record.RunIncomplete, record.RunFailed,
	}[rng.IntN(6)]
}

// StartJob implements scheduler.Dispatcher: as package dispatch does, but for the tasks.
func (y *year) StartJob(ctx context.Context, id record.JobID, scope dispatch.Scope) (record.Run, error) {
	j := y.byID[id]
	if scope.Cause != "" && refuses(j, y.minute) {
		return record.Run{}, fault.New(fault.Unavailable, "the account cannot be read")
	}
	y.count++
	r := record.Run{
		ID: record.RunID(fmt.Sprintf("run-%07d", y.count)), Kind: record.KindBackup, Job: id, Status: record.RunRunning,
		Started: y.now(), Cause: scope.Cause, StopAt: scope.StopAt,
	}
	err := y.store.Update(ctx, func(tx *store.Tx) error {
		job, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if !job.Enabled || job.LastRun != "" && store.RunsActive.Has(tx, string(job.LastRun)) {
			return fault.New(fault.Conflict, "not now")
		}
		job.LastRun, r.JobName = r.ID, job.Name
		if scope.Also != nil {
			if err := scope.Also(tx); err != nil {
				return err
			}
		}
		return errors.Join(store.Jobs.Put(tx, job), store.Runs.Insert(tx, r), store.RunsActive.Add(tx, string(r.ID)),
			store.RunsOfJob.Add(tx, store.JobRunKey(id, r.ID)))
	})
	if err != nil {
		return record.Run{}, err
	}
	run := &yearRun{id: r.ID, job: j, name: r.JobName, began: y.minute, cause: r.Cause}
	if !r.StopAt.IsZero() {
		run.stop = int(r.StopAt.Sub(dawn).Minutes())
	}
	y.fate(run)
	j.runs, y.going, y.started = append(j.runs, run), append(y.going, run), append(y.started, run)
	return r, nil
}

// StopBecause implements scheduler.Dispatcher.
func (y *year) StopBecause(ctx context.Context, id record.RunID, _ bool, why string) error {
	for _, r := range y.going {
		if r.id == id {
			if why != "" {
				y.stopped = append(y.stopped, r)
			} else {
				r.stopping = true
			}
			if over := y.minute + 1 + r.job.dice(y.minute).IntN(20); over < r.over {
				r.over, r.result = over, record.RunStopped
			}
		}
	}
	return y.store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		r.Stop, r.Status, r.Error = true, record.RunStopping, why
		return store.Runs.Put(tx, r)
	})
}

// ends lets the Director learn of runs that are over, and keeps what they backed up.
func (y *year) ends(tx *store.Tx) error {
	var going []*yearRun
	for _, r := range y.going {
		if r.over > y.minute {
			going = append(going, r)
			continue
		}
		boxes := y.backUp(r)
		run, err := store.Runs.Get(tx, string(r.id))
		if err != nil {
			return err
		}
		run.Status, run.Ended = r.result, y.now()
		err = errors.Join(store.Runs.Put(tx, run), store.RunsActive.Remove(tx, string(r.id)), store.RunsToPrune.Add(tx, string(r.id)))
		for _, box := range boxes {
			err = errors.Join(err, store.Tasks.Put(tx, record.Task{
				ID: record.TaskOf(r.id, box+1), Run: r.id, Mailbox: mail.MailboxID(boxName(r.job, box)), Repository: "repo", Point: "p",
			}))
		}
		if err != nil {
			return err
		}
		r.done, r.ended = true, y.minute
		y.prune = append(y.prune, toPrune{run: r, boxes: boxes})
	}
	y.going = going
	return nil
}

// backUp gives the mailboxes of a run their points, and returns which have one. A run that was cut off has those of the first.
func (y *year) backUp(r *yearRun) (boxes []int) {
	rng := r.job.dice(r.over)
	for box := range r.job.boxes {
		p := yearPoint{minute: r.over, complete: true}
		switch r.result {
		case record.RunStopped:
			if box > r.job.boxes/2 {
				continue
			}
		case record.RunFailed:
			if box == 0 || rng.IntN(3) == 0 {
				continue
			}
		case record.RunIncomplete:
			p.complete = box > 0 && rng.IntN(2) == 0
		default:
		}
		name := boxName(r.job, box)
		p.id = fmt.Sprintf("%s/%07d", name, r.over)
		r.job.points[box] = append(r.job.points[box], p)
		y.shelf.add(name, p)
		boxes = append(boxes, box)
	}
	return boxes
}
