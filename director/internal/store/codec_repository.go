package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeSchedules(list []record.Schedule) []*statev1.Schedule {
	var out []*statev1.Schedule
	for i := range list {
		out = append(out, encodeSchedule(&list[i]))
	}
	return out
}

func decodeSchedules(list []*statev1.Schedule) []record.Schedule {
	var out []record.Schedule
	for _, p := range list {
		out = append(out, decodeSchedule(p))
	}
	return out
}

func encodeRepositorySchedules(r *record.RepositorySchedules) *statev1.RepositorySchedules {
	if r.Empty() {
		return nil
	}
	return &statev1.RepositorySchedules{
		Detach: encodeSchedules(r.Detach), Attach: encodeSchedules(r.Attach), Verify: encodeSchedules(r.Verify),
		VerifyFull: encodeSchedules(r.VerifyFull), Reclaim: encodeSchedules(r.Reclaim), Recreate: r.Recreate, SkipBusy: r.SkipBusy,
	}
}

func decodeRepositorySchedules(p *statev1.RepositorySchedules) record.RepositorySchedules {
	return record.RepositorySchedules{
		Detach: decodeSchedules(p.GetDetach()), Attach: decodeSchedules(p.GetAttach()), Verify: decodeSchedules(p.GetVerify()),
		VerifyFull: decodeSchedules(p.GetVerifyFull()), Reclaim: decodeSchedules(p.GetReclaim()), Recreate: p.GetRecreate(), SkipBusy: p.GetSkipBusy(),
	}
}

func encodeRepositoryPlan(r *record.RepositoryPlan) *statev1.RepositoryPlan {
	p := &statev1.RepositoryPlan{RepositoryId: string(r.Repository), Considered: stamp(r.Considered)}
	for _, d := range r.Due {
		p.Due = append(p.Due, &statev1.DueWork{
			Work: int32(d.Work), Start: stamp(d.Start), Cause: d.Cause, RunId: string(d.Run), Waiting: d.Waiting,
		})
	}
	return p
}

func decodeRepositoryPlan(p *statev1.RepositoryPlan) record.RepositoryPlan {
	r := record.RepositoryPlan{Repository: record.RepositoryID(p.GetRepositoryId()), Considered: moment(p.GetConsidered())}
	for _, d := range p.GetDue() {
		r.Due = append(r.Due, record.DueWork{
			Work: record.RepositoryWork(d.GetWork()), Start: moment(d.GetStart()), Cause: d.GetCause(), Run: record.RunID(d.GetRunId()),
			Waiting: d.GetWaiting(),
		})
	}
	return r
}
