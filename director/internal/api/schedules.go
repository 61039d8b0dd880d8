package api

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/director/internal/schedule"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of schedules.
const (
	maxSchedules = 100
	maxDelay     = 7 * 24 * 60 // minutes
)

// schedules checks schedules and says which field of which is wrong.
func schedules(field string, list []*directorv1.Schedule) error {
	if len(list) > maxSchedules {
		return bad(field, "has %d entries, more than %d", len(list), maxSchedules)
	}
	for n, p := range list {
		at := fmt.Sprintf("%s[%d]", field, n)
		s, err := takeSchedule(p)
		if err == nil && s.After == nil {
			var c schedule.Schedule
			if c, err = s.Located(); err == nil {
				err = c.Validate()
			}
		}
		if err != nil {
			return within(at+"."+part(p), err)
		}
	}
	return nil
}

// within puts the field of a fault into that of another.
func within(field string, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Field == "" {
		return err
	}
	if f.Field != "zone" && f.Field != "from" {
		return fault.InvalidField(field+"."+f.Field, "%s", f.Message)
	}
	return fault.InvalidField(trimPart(field)+"."+f.Field, "%s", f.Message)
}

// part names the kind of a schedule as its field is called.
func part(p *directorv1.Schedule) string {
	switch p.GetWhen().(type) {
	case *directorv1.Schedule_Weekly:
		return "weekly"
	case *directorv1.Schedule_Monthly:
		return "monthly"
	case *directorv1.Schedule_Periodic:
		return "periodic"
	case *directorv1.Schedule_AfterJob:
		return "after_job"
	}
	return "when"
}

func trimPart(field string) string {
	for i := len(field) - 1; i >= 0; i-- {
		if field[i] == '.' {
			return field[:i]
		}
	}
	return field
}

// takeSchedule reads a schedule; Invalid with the field within its kind.
func takeSchedule(p *directorv1.Schedule) (record.Schedule, error) {
	r := record.Schedule{Zone: p.GetZone()}
	from, ok := schedule.ParseDay(p.GetFrom())
	if !ok {
		return r, fault.InvalidField("from", "%q is not a date like 2026-12-01", p.GetFrom())
	}
	r.Clock.From = from
	switch w := p.GetWhen().(type) {
	case *directorv1.Schedule_Weekly:
		r.Clock.Kind = schedule.Weekly
		return r, errors.Join(takeDays(&r.Clock, w.Weekly.GetDays()), takeTimes(&r.Clock, w.Weekly.GetStart(), w.Weekly.GetEnd()))
	case *directorv1.Schedule_Periodic:
		r.Clock.Kind, r.Clock.Every = schedule.Periodic, time.Duration(w.Periodic.GetEveryMinutes())*time.Minute
		return r, errors.Join(takeDays(&r.Clock, w.Periodic.GetDays()), takeTimes(&r.Clock, w.Periodic.GetStart(), w.Periodic.GetEnd()))
	case *directorv1.Schedule_Monthly:
		m := w.Monthly
		r.Clock.Kind, r.Clock.Month, r.Clock.Day = schedule.Monthly, time.Month(m.GetMonth()), int(m.GetDay())
		r.Clock.Ordinal, r.Clock.Weekday = int(m.GetOrdinal()), time.Weekday(m.GetWeekday())
		return r, takeTimes(&r.Clock, m.GetStart(), m.GetEnd())
	case *directorv1.Schedule_AfterJob:
		a := w.AfterJob
		r.After = &record.AfterJob{
			Job: record.JobID(a.GetJobId()), Delay: time.Duration(a.GetDelayMinutes()) * time.Minute,
			Successful: a.GetSuccessful(), Failed: a.GetFailed(), Stopped: a.GetStopped(),
		}
		switch {
		case a.GetJobId() == "" || len(a.GetJobId()) > maxID:
			return r, fault.InvalidField("job_id", "names no job")
		case a.GetDelayMinutes() < 0 || a.GetDelayMinutes() > maxDelay:
			return r, fault.InvalidField("delay_minutes", "is 0 to %d minutes", maxDelay)
		case !a.GetSuccessful() && !a.GetFailed() && !a.GetStopped():
			return r, fault.InvalidField("successful", "choose after which ends it starts: successful, failed or stopped")
		}
		return r, nil
	}
	return r, fault.InvalidField("kind", "a schedule is weekly, monthly, periodic or after another job")
}

func takeDays(c *schedule.Schedule, days []int32) error {
	for _, d := range days {
		if d < 0 || d > 6 {
			return fault.InvalidField("days", "there is no day %d of the week: 0 is Sunday, 6 is Saturday", d)
		}
		c.Days |= schedule.Of(time.Weekday(d))
	}
	return nil
}

func takeTimes(c *schedule.Schedule, start, end string) error {
	var ok bool
	if c.Start, ok = schedule.ParseClock(start); !ok {
		return fault.InvalidField("start", "%q is not a time of day like 22:00", start)
	}
	if end == "" {
		return nil
	}
	at, ok := schedule.ParseClock(end)
	if !ok {
		return fault.InvalidField("end", "%q is not a time of day like 06:00", end)
	}
	c.End = &at
	return nil
}

func (s *jobService) showSchedule(r *record.Schedule) *directorv1.Schedule {
	a := r.After
	if a == nil {
		return showClock(r)
	}
	return &directorv1.Schedule{
		Zone: r.Zone, From: r.Clock.From.String(), Text: s.followText(a),
		When: &directorv1.Schedule_AfterJob{AfterJob: &directorv1.AfterJob{
			JobId: string(a.Job), DelayMinutes: int32(a.Delay / time.Minute), Successful: a.Successful, Failed: a.Failed, Stopped: a.Stopped,
		}},
	}
}

// showClock shows a schedule by the clock.
func showClock(r *record.Schedule) *directorv1.Schedule {
	p := &directorv1.Schedule{Zone: r.Zone, From: r.Clock.From.String()}
	c := &r.Clock
	end := ""
	if c.End != nil {
		end = c.End.String()
	}
	var days []int32
	for d := range int32(7) {
		if c.Days.Has(time.Weekday(d)) {
			days = append(days, d)
		}
	}
	switch c.Kind {
	case schedule.Weekly:
		p.When = &directorv1.Schedule_Weekly{Weekly: &directorv1.Weekly{Days: days, Start: c.Start.String(), End: end}}
	case schedule.Periodic:
		p.When = &directorv1.Schedule_Periodic{Periodic: &directorv1.Periodic{
			Days: days, Start: c.Start.String(), End: end, EveryMinutes: int32(c.Every / time.Minute),
		}}
	case schedule.Monthly:
		p.When = &directorv1.Schedule_Monthly{Monthly: &directorv1.Monthly{
			Month: int32(c.Month), Day: int32(c.Day), Ordinal: int32(c.Ordinal), Weekday: int32(c.Weekday), Start: c.Start.String(), End: end,
		}}
	}
	if located, err := r.Located(); err == nil {
		p.Text = located.String()
	} else {
		p.Text = err.Error()
	}
	return p
}

// followText says in words what a job follows.
func (s *jobService) followText(a *record.AfterJob) string {
	name := string(a.Job)
	if l, err := s.Jobs.Get(a.Job); err == nil {
		name = l.Name
	}
	var ends []string
	for _, e := range []struct {
		on   bool
		text string
	}{{a.Successful, "successful"}, {a.Failed, "failed"}, {a.Stopped, "stopped"}} {
		if e.on {
			ends = append(ends, e.text)
		}
	}
	delay := ""
	if a.Delay > 0 {
		delay = fmt.Sprintf("%d minutes ", a.Delay/time.Minute)
		if a.Delay == time.Minute {
			delay = "a minute "
		}
	}
	return fmt.Sprintf("%safter %s runs of %s", delay, strings.Join(ends, ", "), name)
}

func takeRetention(p *directorv1.Retention) record.Retention {
	return record.Retention{Zone: p.GetZone(), Policy: retention.Policy{
		Last: int(p.GetLast()), Daily: int(p.GetDaily()), Weekly: int(p.GetWeekly()), Monthly: int(p.GetMonthly()), Yearly: int(p.GetYearly()),
	}}
}

func showRetention(r *record.Retention) *directorv1.Retention {
	p := r.Policy
	return &directorv1.Retention{
		Last: int32(p.Last), Daily: int32(p.Daily), Weekly: int32(p.Weekly), Monthly: int32(p.Monthly), Yearly: int32(p.Yearly), Zone: r.Zone,
	}
}

// keeping checks a retention.
func keeping(field string, p *directorv1.Retention) error {
	r := takeRetention(p)
	policy, err := r.Located()
	if err == nil {
		err = policy.Validate()
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return fault.InvalidField(field+"."+f.Field, "%s", f.Message)
	}
	return err
}
