package api

import (
	"context"
	"time"

	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// defaultCalendar is how many entries are listed when the request does not say, calendarSpan how long it then reaches.
const (
	defaultCalendar = 1000
	calendarSpan    = 7 * 24 * time.Hour
)

func (s *overviews) ListCalendar(_ context.Context, q *directorv1.ListCalendarRequest) (*directorv1.ListCalendarResponse, error) {
	span := overview.Span{
		From: takeTime(q.GetFrom()), To: takeTime(q.GetTo()), Job: record.JobID(q.GetJobId()), Repository: record.RepositoryID(q.GetRepositoryId()),
		NoPast: q.GetSkipPast(), NoComing: q.GetSkipComing(), Limit: orDefault(q.GetLimit(), defaultCalendar),
	}
	if span.From.IsZero() {
		span.From = s.Now().UTC().Truncate(24 * time.Hour)
		if !span.To.IsZero() && span.To.Before(span.From) {
			span.From = span.To.Add(-calendarSpan)
		}
	}
	if span.To.IsZero() {
		span.To = span.From.Add(calendarSpan)
	}
	if span.To.Sub(span.From) > maxCalendarDays*24*time.Hour {
		return nil, fault.InvalidField("to", "the to is more than %d days after from", maxCalendarDays)
	}
	list, cut, err := s.Overview.Calendar(span)
	if err != nil {
		return nil, err
	}
	names, err := s.repositoryNames()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListCalendarResponse{CutAt: stamp(cut)}
	for i := range list {
		out := showEntry(&list[i])
		out.RepositoryName = names[list[i].Repository]
		answer.Entries = append(answer.Entries, out)
	}
	return answer, nil
}

func (s *overviews) repositoryNames() (map[record.RepositoryID]string, error) {
	all, err := s.Depot.List()
	names := make(map[record.RepositoryID]string, len(all))
	for _, r := range all {
		names[r.ID] = r.Name
	}
	return names, err
}

func showEntry(e *overview.Entry) *directorv1.CalendarEntry {
	return &directorv1.CalendarEntry{
		Kind: calendarKind(e), Start: stamp(e.Start), End: stamp(e.End), Expected: length(e.Expected), Stop: stamp(e.Stop), Title: e.Title,
		JobId: string(e.Job), JobName: e.JobName, RepositoryId: string(e.Repository), Work: calendarWork(e), RunId: string(e.Run),
		Status: directorv1.RunStatus(e.Status), Activity: directorv1.ActivityKind(e.Kind), Cause: e.Cause, Zone: e.Zone,
		Waiting: e.Waiting, Estimated: e.Estimated,
	}
}

func calendarKind(e *overview.Entry) directorv1.CalendarKind {
	switch {
	case e.Kind == record.KindBackup:
		return directorv1.CalendarKind_CALENDAR_KIND_JOB
	case e.Kind == record.KindDirectorBackup:
		return directorv1.CalendarKind_CALENDAR_KIND_DIRECTOR_BACKUP
	case calendarWork(e) != 0 && (e.Coming || e.Cause != ""):
		return directorv1.CalendarKind_CALENDAR_KIND_REPOSITORY
	default:
		return directorv1.CalendarKind_CALENDAR_KIND_ACTIVITY
	}
}

func calendarWork(e *overview.Entry) directorv1.RepositoryWork {
	switch e.Kind {
	case record.KindDetach:
		return directorv1.RepositoryWork_REPOSITORY_WORK_DETACH
	case record.KindAttach:
		return directorv1.RepositoryWork_REPOSITORY_WORK_ATTACH
	case record.KindReclaim:
		return directorv1.RepositoryWork_REPOSITORY_WORK_RECLAIM
	case record.KindVerify:
		if e.Full {
			return directorv1.RepositoryWork_REPOSITORY_WORK_VERIFY_FULL
		}
		return directorv1.RepositoryWork_REPOSITORY_WORK_VERIFY
	default:
		return 0
	}
}
