package store

import (
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/director/internal/schedule"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeSchedule(r *record.Schedule) *statev1.Schedule {
	c := &r.Clock
	p := &statev1.Schedule{
		Kind: int32(c.Kind), Zone: r.Zone, From: c.From.String(), Start: int32(c.Start), Days: int32(c.Days),
		EveryMinutes: int32(c.Every / time.Minute), Month: int32(c.Month), Day: int32(c.Day), Ordinal: int32(c.Ordinal), Weekday: int32(c.Weekday),
	}
	if c.End != nil {
		p.Ends, p.End = true, int32(*c.End)
	}
	if a := r.After; a != nil {
		p.AfterJobId, p.DelayMinutes = string(a.Job), int32(a.Delay/time.Minute)
		p.AfterSuccessful, p.AfterFailed, p.AfterStopped = a.Successful, a.Failed, a.Stopped
	}
	return p
}

func decodeSchedule(p *statev1.Schedule) record.Schedule {
	r := record.Schedule{Zone: p.GetZone()}
	r.Clock.From, _ = schedule.ParseDay(p.GetFrom()) // what was stored was checked
	if p.GetAfterJobId() != "" {
		r.After = &record.AfterJob{
			Job: record.JobID(p.GetAfterJobId()), Delay: time.Duration(p.GetDelayMinutes()) * time.Minute,
			Successful: p.GetAfterSuccessful(), Failed: p.GetAfterFailed(), Stopped: p.GetAfterStopped(),
		}
		return r
	}
	r.Clock = schedule.Schedule{
		Kind: schedule.Kind(p.GetKind()), From: r.Clock.From, Start: schedule.Clock(p.GetStart()), Days: schedule.Days(p.GetDays()),
		Every: time.Duration(p.GetEveryMinutes()) * time.Minute, Month: time.Month(p.GetMonth()), Day: int(p.GetDay()),
		Ordinal: int(p.GetOrdinal()), Weekday: time.Weekday(p.GetWeekday()),
	}
	if p.GetEnds() {
		end := schedule.Clock(p.GetEnd())
		r.Clock.End = &end
	}
	return r
}

func encodeRetention(r *record.Retention) *statev1.Retention {
	p := r.Policy
	return &statev1.Retention{
		Last: int32(p.Last), Daily: int32(p.Daily), Weekly: int32(p.Weekly), Monthly: int32(p.Monthly), Yearly: int32(p.Yearly), Zone: r.Zone,
	}
}

func decodeRetention(p *statev1.Retention) record.Retention {
	return record.Retention{Zone: p.GetZone(), Policy: retention.Policy{
		Last: int(p.GetLast()), Daily: int(p.GetDaily()), Weekly: int(p.GetWeekly()), Monthly: int(p.GetMonthly()), Yearly: int(p.GetYearly()),
	}}
}

func encodePlan(r *record.Plan) *statev1.Plan {
	p := &statev1.Plan{JobId: string(r.Job), Considered: stamp(r.Considered), Followed: map[string]string{}}
	for job, run := range r.Followed {
		p.Followed[string(job)] = string(run)
	}
	return p
}

func decodePlan(p *statev1.Plan) record.Plan {
	r := record.Plan{Job: record.JobID(p.GetJobId()), Considered: moment(p.GetConsidered()), Followed: map[record.JobID]record.RunID{}}
	for job, run := range p.GetFollowed() {
		r.Followed[record.JobID(job)] = record.RunID(run)
	}
	return r
}
