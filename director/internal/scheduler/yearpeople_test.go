package scheduler_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// stored returns the job as people save it.
func (j *yearJob) stored() record.Job {
	r := record.Job{
		ID: j.id, Name: j.name, Enabled: j.enabled, Repository: "repo", Retention: j.keep.stored(),
		Items: []record.SourceItem{{Account: "acc"}},
	}
	for i := range j.wishes {
		r.Schedules = append(r.Schedules, j.wishes[i].stored())
	}
	return r
}

// hire makes a job of a class, with more mailboxes the less often it runs.
func (y *year) hire(class int) {
	j := &yearJob{
		n: y.made, name: fmt.Sprintf("Job %d", y.made), enabled: y.rng.IntN(20) > 0, keep: randomKeeping(y.rng), luck: y.rng.Uint64(),
		boxes: [...]int{4, 6, 24, 3, 6}[class],
	}
	y.made++
	j.points = make([][]yearPoint, j.boxes)
	j.set(y.walls, y.wishes(class))
	job, err := y.jobs.Create(y.t.Context(), j.stored())
	if err != nil {
		y.t.Fatal(err)
	}
	j.id = job.ID
	y.all, y.byID[j.id] = append(y.all, j), j
}

// wishes returns the schedules of a new job of a class, some of them several.
func (y *year) wishes(class int) []wish {
	if class != classAfter || len(y.all) == 0 {
		list := []wish{wishByClock(y.rng, class)}
		if y.rng.IntN(5) == 0 {
			list = append(list, wishByClock(y.rng, classMonthly))
		}
		return list
	}
	list := []wish{wishAfter(y.rng, y.somebody())}
	switch y.rng.IntN(6) {
	case 0:
		list = append(list, wishAfter(y.rng, list[0].after))
	case 1:
		list = append(list, wishAfter(y.rng, y.somebody()))
	case 2:
		list = append(list, wishByClock(y.rng, classMonthly))
	}
	return list
}

func (y *year) somebody() *yearJob { return y.all[y.rng.IntN(len(y.all))] }

// person does what people do to jobs in between, through the service that the API uses.
func (y *year) person() {
	ctx, j := y.t.Context(), y.somebody()
	switch y.rng.IntN(12) {
	case 0:
		j.name = fmt.Sprintf("Job %d of %d", j.n, y.minute)
	case 1, 2, 3:
		j.enabled = y.rng.IntN(3) > 0
	case 4, 5:
		// What follows a later job could lead back to the job itself.
		j.set(y.walls, []wish{wishByClock(y.rng, y.rng.IntN(classAfter))})
	case 6:
		j.keep = randomKeeping(y.rng)
	case 7, 8:
		refused := j.busy() || !j.enabled
		_, err := y.StartJob(ctx, j.id, dispatch.Scope{})
		y.conflict("start", j, err, refused)
		return
	case 9:
		if len(y.going) > 0 {
			if err := y.StopBecause(ctx, y.going[y.rng.IntN(len(y.going))].id, false, ""); err != nil {
				y.t.Fatal(err)
			}
		}
		return
	case 10:
		y.hire(y.rng.IntN(classAfter + 1))
		return
	case 11:
		followed := slices.ContainsFunc(y.all, func(o *yearJob) bool {
			return slices.ContainsFunc(o.wishes, func(s wish) bool { return s.after == j })
		})
		err := y.jobs.Delete(ctx, j.id)
		y.conflict("delete", j, err, followed || j.busy())
		if err == nil {
			j.gone = true
			y.all = slices.DeleteFunc(y.all, func(o *yearJob) bool { return o == j })
		}
		return
	}
	if _, err := y.jobs.Update(ctx, j.stored()); err != nil {
		y.t.Fatal(err)
	}
}

func (y *year) conflict(what string, j *yearJob, err error, want bool) {
	y.t.Helper()
	if err != nil && !errors.Is(err, fault.Conflict) || (err != nil) != want {
		y.t.Fatalf("seed %d: at %s: %s %s: %v, want a conflict: %v", y.seed, y.now(), what, j.name, err, want)
	}
}

// changes are dates of the year on which clocks of the zones are changed.
var changes = []string{"03-08", "03-29", "04-05", "04-24", "09-06", "09-27", "10-04", "10-25", "10-30", "11-01"}

// closely reports whether a minute is near a change of clocks.
func (y *year) closely(minute int) bool {
	for hours := -24; hours <= 24; hours += 24 {
		if slices.Contains(changes, instant(minute).Add(time.Duration(hours)*time.Hour).Format("01-02")) {
			return true
		}
	}
	return false
}
