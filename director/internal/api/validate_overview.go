package api

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of what the overview is asked for.
const (
	maxProblems     = 1000
	maxResultDays   = 30
	maxGrowthDays   = 400
	maxCalendarDays = 366
	maxCalendar     = 5000
)

func validateOverview(m any) error {
	switch q := m.(type) {
	case *directorv1.GetOverviewRequest:
		return between("limit", q.GetLimit(), 0, maxProblems)
	case *directorv1.ListTroubledMailboxesRequest:
		if _, ok := directorv1.MailboxTrouble_name[int32(q.GetTrouble())]; !ok || q.GetTrouble() == 0 {
			return bad("trouble", "is missing: say which mailboxes to list")
		}
		return first(maybeID("account_id", q.GetAccountId()), maybeID("job_id", q.GetJobId()), line("search", q.GetSearch(), maxName),
			between("page_size", q.GetPageSize(), 0, maxPageSize), line("page_token", q.GetPageToken(), maxPath))
	case *directorv1.ListDaysRequest:
		return first(between("days", q.GetDays(), 0, maxResultDays), zone("zone", q.GetZone()))
	case *directorv1.ListGrowthRequest:
		return first(maybeID("repository_id", q.GetRepositoryId()), between("days", q.GetDays(), 0, maxGrowthDays))
	case *directorv1.ListCalendarRequest:
		return first(maybeID("job_id", q.GetJobId()), maybeID("repository_id", q.GetRepositoryId()), between("limit", q.GetLimit(), 0, maxCalendar),
			moment("from", q.GetFrom()), moment("to", q.GetTo()), span(q.GetFrom(), q.GetTo()))
	case *directorv1.ListCertificatesRequest:
		return nil
	}
	return fault.New(fault.Unsupported, "there is no check for %T", m)
}

// zone is the name of a time zone, or empty.
func zone(field, name string) error {
	if name == "" {
		return nil
	}
	if err := line(field, name, maxName); err != nil {
		return err
	}
	if _, err := record.ZoneOf(name); err != nil {
		return bad(field, "%q is not known; use an IANA name, like Europe/Berlin", name)
	}
	return nil
}

// moment is a time of the years that schedules reckon with, or absent.
func moment(field string, t *timestamppb.Timestamp) error {
	if t == nil {
		return nil
	}
	if y := t.AsTime().UTC().Year(); !t.IsValid() || y < 1971 || y > 9000 {
		return bad(field, "is no time of the years 1971 to 9000")
	}
	return nil
}

func span(from, to *timestamppb.Timestamp) error {
	if from == nil || to == nil {
		return nil
	}
	switch d := to.AsTime().Sub(from.AsTime()); {
	case d <= 0:
		return bad("to", "is not after from")
	case d > maxCalendarDays*24*time.Hour:
		return bad("to", "is more than %d days after from", maxCalendarDays)
	}
	return nil
}
