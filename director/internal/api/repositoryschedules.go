package api

import (
	"context"
	"fmt"
	"strings"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// maxRepositorySchedules bounds the schedules of one work on a repository.
const maxRepositorySchedules = 20

func (s *repositories) SetRepositorySchedules(ctx context.Context, q *directorv1.SetRepositorySchedulesRequest) (*directorv1.SetRepositorySchedulesResponse, error) {
	to, err := takeRepositorySchedules(q.GetSchedules())
	if err != nil {
		return nil, err
	}
	id := record.RepositoryID(q.GetRepositoryId())
	r, err := s.Depot.SetSchedules(ctx, id, to, q.GetConfirmName(), func(tx *store.Tx, r record.Repository) error { return s.Keeper.Anew(tx, r) })
	if err != nil {
		return nil, err
	}
	answer := &directorv1.SetRepositorySchedulesResponse{Repository: s.showRepository(r)}
	answer.Warnings, err = s.scheduleWarnings(r)
	return answer, err
}

// scheduleWarnings says what a person should know who set the schedules of a repository.
func (s *repositories) scheduleWarnings(r record.Repository) ([]string, error) {
	var list []string
	c := &r.Schedules
	if len(c.Detach) > 0 && len(c.Attach) == 0 {
		list = append(list, fmt.Sprintf("%s is detached by schedule, but nothing attaches it again: somebody has to", r.Name))
	}
	if !c.Recreate {
		return list, nil
	}
	list = append(list, fmt.Sprintf("every attach of %s by schedule deletes all that is in it, for ever; now it has %d recovery points", r.Name, r.Statistics.Points))
	if len(c.Detach) == 0 {
		list = append(list, fmt.Sprintf("an attach deletes nothing while %s is attached, and no schedule detaches it", r.Name))
	}
	jobs, err := s.Depot.OnlyHere(r.ID)
	if len(jobs) > 0 {
		list = append(list, fmt.Sprintf("jobs that keep their backups in %s and perhaps nowhere else: %s; after such an attach they have no recovery point there until they have run", r.Name, strings.Join(jobs, ", ")))
	}
	return list, err
}

func (s *repositories) ListRepositoryStarts(_ context.Context, q *directorv1.ListRepositoryStartsRequest) (*directorv1.ListRepositoryStartsResponse, error) {
	list, err := s.Keeper.Starts(record.RepositoryID(q.GetRepositoryId()), orDefault(q.GetLimit(), 10))
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListRepositoryStartsResponse{}
	for _, one := range list {
		answer.Starts = append(answer.Starts, &directorv1.RepositoryStart{
			RepositoryId: string(one.Repository), RepositoryName: one.Name, Work: directorv1.RepositoryWork(one.Work), Start: stamp(one.At),
			Zone: one.Zone, Text: one.Text, Waiting: one.Waiting,
		})
	}
	return answer, nil
}

// worksOf returns the schedules of a request with the names of their fields.
func worksOf(p *directorv1.RepositorySchedules) map[string][]*directorv1.Schedule {
	return map[string][]*directorv1.Schedule{
		"detach": p.GetDetach(), "attach": p.GetAttach(), "verify": p.GetVerify(), "verify_full": p.GetVerifyFull(), "reclaim": p.GetReclaim(),
	}
}

// repositorySchedules checks the schedules of a repository.
func repositorySchedules(p *directorv1.RepositorySchedules) error {
	for _, work := range []string{"detach", "attach", "verify", "verify_full", "reclaim"} {
		field, list := "schedules."+work, worksOf(p)[work]
		if len(list) > maxRepositorySchedules {
			return bad(field, "has %d entries, more than %d", len(list), maxRepositorySchedules)
		}
		if err := schedules(field, list); err != nil {
			return err
		}
		if err := startsOnly(field, list, "this is done to a repository"); err != nil {
			return err
		}
	}
	if p.GetRecreate() && len(p.GetAttach()) == 0 {
		return fault.InvalidField("schedules.recreate", "deleting and making anew is done by an attach by schedule, and there is none")
	}
	return nil
}

func takeRepositorySchedules(p *directorv1.RepositorySchedules) (record.RepositorySchedules, error) {
	to := record.RepositorySchedules{Recreate: p.GetRecreate(), SkipBusy: p.GetSkipBusy()}
	for _, w := range []struct {
		from []*directorv1.Schedule
		to   *[]record.Schedule
	}{
		{p.GetDetach(), &to.Detach},
		{p.GetAttach(), &to.Attach},
		{p.GetVerify(), &to.Verify},
		{p.GetVerifyFull(), &to.VerifyFull},
		{p.GetReclaim(), &to.Reclaim},
	} {
		for _, one := range w.from {
			taken, err := takeSchedule(one)
			if err != nil {
				return to, err
			}
			*w.to = append(*w.to, taken)
		}
	}
	return to, nil
}

func showRepositorySchedules(r *record.RepositorySchedules) *directorv1.RepositorySchedules {
	if r.Empty() {
		return nil
	}
	list := func(of []record.Schedule) []*directorv1.Schedule {
		var out []*directorv1.Schedule
		for i := range of {
			out = append(out, showClock(&of[i]))
		}
		return out
	}
	return &directorv1.RepositorySchedules{
		Detach: list(r.Detach), Attach: list(r.Attach), Verify: list(r.Verify), VerifyFull: list(r.VerifyFull), Reclaim: list(r.Reclaim),
		Recreate: r.Recreate, SkipBusy: r.SkipBusy,
	}
}

// showRepository adds to a repository what depends on the time.
func (s *repositories) showRepository(r record.Repository) *directorv1.Repository {
	out := showRepository(r)
	if r.Attached {
		return out
	}
	if at, _, ok := r.Schedules.Next(record.WorkAttach, s.Now()); ok {
		out.Attaches = stamp(at)
	}
	return out
}
