package scheduler

import (
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
)

// Start is a coming start by the clock.
type Start struct {
	Job     record.JobID
	JobName string
	schedule.Occurrence
	Zone string
	Text string
}

// Starts lists the next starts of jobs by the clock after a time, soonest first, at most limit. Starts of one job at the same
// moment are one.
func Starts(jobs []record.Job, after time.Time, limit int) []Start {
	type stream struct {
		job   *record.Job
		clock schedule.Schedule
		next  schedule.Occurrence
	}
	var streams []stream
	for i := range jobs {
		for _, s := range jobs[i].Schedules {
			if s.After != nil {
				continue
			}
			c, err := s.Located()
			if err != nil {
				continue
			}
			if o, ok := c.Next(after); ok {
				streams = append(streams, stream{&jobs[i], c, o})
			}
		}
	}
	var list []Start
	for len(streams) > 0 && len(list) < limit {
		soonest := 0
		for i := range streams {
			if streams[i].next.Start.Before(streams[soonest].next.Start) {
				soonest = i
			}
		}
		s := &streams[soonest]
		same := slices.ContainsFunc(list, func(l Start) bool { return l.Job == s.job.ID && l.Start.Equal(s.next.Start) })
		if !same {
			list = append(list, Start{Job: s.job.ID, JobName: s.job.Name, Occurrence: s.next, Zone: s.clock.Zone.String(), Text: s.clock.String()})
		}
		o, ok := s.clock.Next(s.next.Start)
		if !ok {
			streams = slices.Delete(streams, soonest, soonest+1)
			continue
		}
		s.next = o
	}
	return list
}
