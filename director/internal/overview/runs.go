package overview

import (
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Bounds of what is kept of runs.
const (
	// tallyDays is for how many days results are counted, one more than may be asked for because of time zones.
	tallyDays = 32
	// recent is how many of the last ends are kept, to tell how long the next takes.
	recent = 5
	// maxScanned bounds how many runs are read when the Director starts; a run takes some 5 µs.
	maxScanned = 200_000
)

// tally is how a run ended, in numbers.
type tally struct {
	kind                                   record.RunKind
	status                                 record.RunStatus
	ended                                  time.Time
	succeeded, incomplete, failed, stopped int32
	messages, changed, read, fresh         int64
}

// end is how a run of a job, or work on a repository ended.
type end struct {
	run    record.RunID
	status record.RunStatus
	// started and ended, and how long it took.
	started, ended     time.Time
	took               time.Duration
	tasks              int32
	failed, incomplete int32
	err                string
	// damage is what stays damaged, of a verify or repair; nil where the work does not look for it.
	damage []string
	looked bool
}

// workOf names a kind of work on a repository.
type workOf struct {
	repository record.RepositoryID
	kind       record.RunKind
	full       bool
}

// runs keeps how runs ended.
type runs struct {
	watch   *store.Watch
	pending []string
	loaded  bool
	tallies map[record.RunID]tally
	// ofJob and ofWork are the last ends, newest first. The Director's own backup is work on no repository.
	ofJob  map[record.JobID][]end
	ofWork map[workOf][]end
}

func newRuns(s *store.Store) runs {
	return runs{
		watch: store.Runs.Watch(s, ""), tallies: map[record.RunID]tally{}, ofJob: map[record.JobID][]end{}, ofWork: map[workOf][]end{},
	}
}

func (r *runs) take() { r.pending = append(r.pending, r.watch.Changed()...) }

func (r *runs) catchUp(tx *store.Tx, now time.Time) error {
	if !r.loaded {
		return r.load(tx, now)
	}
	for _, key := range r.pending {
		run, err := store.Runs.Get(tx, key)
		if fault.KindOf(err) == fault.NotFound {
			continue // history is not kept for ever; what was counted stays counted
		}
		if err != nil {
			return err
		}
		if err := r.put(tx, &run); err != nil {
			return err
		}
	}
	r.pending = nil
	for id, t := range r.tallies {
		if now.Sub(t.ended) > tallyDays*24*time.Hour {
			delete(r.tallies, id)
		}
	}
	return nil
}

// load reads the last runs, newest first.
func (r *runs) load(tx *store.Tx, now time.Time) error {
	n := 0
	for run, err := range store.Runs.Backward(tx, "") {
		if err != nil {
			return err
		}
		if n++; n > maxScanned {
			break
		}
		if err := r.put(tx, &run); err != nil {
			return err
		}
	}
	for id, t := range r.tallies {
		if now.Sub(t.ended) > tallyDays*24*time.Hour {
			delete(r.tallies, id)
		}
	}
	r.loaded, r.pending = true, nil
	return nil
}

func (r *runs) put(tx *store.Tx, run *record.Run) error {
	if !run.Status.Ended() {
		return nil
	}
	p := run.Progress
	r.tallies[run.ID] = tally{
		run.Kind, run.Status, run.Ended, run.Succeeded, run.Incomplete, run.Failed, run.Stopped, p.MessagesDone, p.MessagesChanged, p.BytesRead, p.BytesNew,
	}
	e := end{
		run: run.ID, status: run.Status, started: run.Started, ended: run.Ended, took: run.Took, tasks: run.Tasks, failed: run.Failed,
		incomplete: run.Incomplete, err: run.Error,
	}
	if e.took <= 0 {
		e.took = max(0, run.Ended.Sub(run.Started))
	}
	switch {
	case run.Kind == record.KindBackup:
		r.ofJob[run.Job] = insert(r.ofJob[run.Job], e)
		return nil
	case run.Kind == record.KindDirectorBackup:
		k := workOf{kind: run.Kind}
		r.ofWork[k] = insert(r.ofWork[k], e)
		return nil
	case run.Kind != record.KindVerify && run.Kind != record.KindRepair && run.Kind != record.KindReclaim:
		return nil
	}
	t, err := store.Tasks.Get(tx, string(record.TaskOf(run.ID, 1)))
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if t.VerifyReport != nil {
		e.looked, e.damage = run.Status == record.RunSucceeded || len(t.VerifyReport.Damage) > 0, t.VerifyReport.Damage
	}
	if t.RepairReport != nil {
		e.looked, e.damage = run.Status == record.RunSucceeded || len(t.RepairReport.Damage) > 0, t.RepairReport.Damage
	}
	if e.err == "" {
		e.err = t.Error
	}
	k := workOf{t.Repository, run.Kind, t.Full && run.Kind == record.KindVerify}
	r.ofWork[k] = insert(r.ofWork[k], e)
	return nil
}

// insert puts an end among the last ones, newest first, in place of what was known of the same run.
func insert(list []end, e end) []end {
	if len(list) == recent && e.run < list[recent-1].run {
		return list
	}
	list = slices.DeleteFunc(slices.Clone(list), func(o end) bool { return o.run == e.run })
	at := slices.IndexFunc(list, func(o end) bool { return o.run < e.run })
	if at < 0 {
		at = len(list)
	}
	list = slices.Insert(list, at, e)
	return list[:min(len(list), recent)]
}

// usual returns the middle of how long the last ones took that were not stopped; 0 when there was none.
func usual(list []end) time.Duration {
	var took []time.Duration
	for _, e := range list {
		if e.status != record.RunStopped {
			took = append(took, e.took)
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)/2]
}
