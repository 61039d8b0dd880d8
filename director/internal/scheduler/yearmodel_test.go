package scheduler_test

import (
	"time"

	"holdfast/director/internal/record"
)

// yearJob is a job as the model of the year knows it.
type yearJob struct {
	id       record.JobID
	n        int
	name     string
	enabled  bool
	wishes   []wish
	times    [][]moment // of each wish by the clock
	cursor   []int      // the first of times that is to come
	luck     uint64
	gone     bool
	keep     keeping
	boxes    int
	points   [][]yearPoint // of each mailbox, oldest first
	runs     []*yearRun
	fresh    bool
	since    int              // up to when starts were made
	followed map[*yearJob]int // how many runs of another job were considered
	refused  int              // not to be tried before
}

// yearRun is a run as the model knows it.
type yearRun struct {
	id             record.RunID
	job            *yearJob
	name           string // of the job as it began
	began, stop    int    // minutes; stop is 0 for none
	cause          string
	over           int // when it ends
	result         record.RunStatus
	stopping, done bool
	ended          int // when the Director learned of the end
}

func (j *yearJob) busy() bool { return len(j.runs) > 0 && !j.runs[len(j.runs)-1].done }

// set gives the job schedules: what they would have asked for earlier was not missed.
func (j *yearJob) set(walls map[string]*wall, wishes []wish) {
	j.wishes, j.times, j.cursor, j.fresh = wishes, make([][]moment, len(wishes)), make([]int, len(wishes)), true
	for i := range wishes {
		if wishes[i].after == nil {
			j.times[i] = walls[wishes[i].zone].moments(&wishes[i])
		}
	}
}

// begin is a start that the model expects.
type begin struct {
	job   *yearJob
	stop  int
	cause string
}

// look says what a job is to start at a minute, as the promises read: the newest start that was not made yet and is not over;
// the newest run of another job that ended as wished, when its delay is over.
func (j *yearJob) look(now int, walls map[string]*wall) (b begin, found bool) {
	if j.fresh {
		j.fresh, j.since, j.followed = false, now, map[*yearJob]int{}
		for i := range j.wishes {
			if other := j.wishes[i].after; other != nil {
				j.followed[other] = len(other.runs)
				if other.busy() {
					j.followed[other]--
				}
			}
		}
	}
	newest := -1
	take := func(at int, cause string, stop int) {
		if at > newest {
			newest, b, found = at, begin{j, stop, cause}, true
		}
	}
	for i := range j.wishes {
		if j.wishes[i].after != nil {
			continue
		}
		for j.cursor[i] < len(j.times[i]) && j.times[i][j.cursor[i]].start <= now {
			j.cursor[i]++
		}
		if j.cursor[i] == 0 {
			continue
		}
		m := j.times[i][j.cursor[i]-1]
		if m.start > j.since && (m.stop == 0 || m.stop > now) {
			take(m.start, "schedule", m.stop)
		}
	}
	considered := map[*yearJob]int{}
	for i := range j.wishes {
		other := j.wishes[i].after
		if other == nil {
			continue
		}
		for n := j.pass(other, walls); n < len(other.runs); n++ {
			if at, ok := j.follows(other.runs[n], walls); ok && at <= now {
				take(at, "after job "+other.runs[n].name, 0)
				considered[other] = n + 1
			}
		}
	}
	switch {
	case !found, j.enabled && (j.busy() || now < j.refused):
		return b, false
	case j.enabled && refuses(j, now):
		j.refused = now + 1
		return b, false
	}
	j.since = now
	for other, n := range considered {
		j.followed[other] = n
	}
	return b, j.enabled
}

// pass leaves runs of another job behind that never start this one, and returns how many were considered.
func (j *yearJob) pass(other *yearJob, walls map[string]*wall) int {
	for n := j.followed[other]; n < len(other.runs) && other.runs[n].done; n++ {
		if _, ok := j.follows(other.runs[n], walls); ok {
			break
		}
		j.followed[other] = n + 1
	}
	return j.followed[other]
}

// follows returns when the end of another job's run starts this job.
func (j *yearJob) follows(r *yearRun, walls map[string]*wall) (int, bool) {
	first := -1
	for i := range j.wishes {
		s := &j.wishes[i]
		wanted := s.successful && (r.result == record.RunSucceeded || r.result == record.RunIncomplete) ||
			s.failed && r.result == record.RunFailed || s.stopped && r.result == record.RunStopped
		if s.after != r.job || !r.done || !wanted {
			continue
		}
		at := r.ended + s.delay
		zone := time.UTC
		if s.zone != "" {
			zone = walls[s.zone].zone
		}
		if instant(at).In(zone).Format(time.DateOnly) >= s.from && (first < 0 || at < first) {
			first = at
		}
	}
	return first, first >= 0
}

// next returns the next minute in which something may be due for the job, at most until.
func (j *yearJob) next(now, until int, walls map[string]*wall) int {
	if j.fresh {
		return now + 1
	}
	if j.refused > now {
		until = min(until, j.refused)
	}
	for i := range j.wishes {
		other := j.wishes[i].after
		if other == nil {
			if c := j.cursor[i]; c < len(j.times[i]) {
				until = min(until, j.times[i][c].start)
			}
			continue
		}
		for _, r := range other.runs[min(j.followed[other], len(other.runs)):] {
			if at, ok := j.follows(r, walls); ok && at > now {
				until = min(until, at)
			}
		}
	}
	return until
}
