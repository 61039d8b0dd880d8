package cli

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func TestSchedulesAsPeopleWriteThem(t *testing.T) {
	all := []int32{0, 1, 2, 3, 4, 5, 6}
	weekly := func(days []int32, start, end string) *pb.Schedule {
		return &pb.Schedule{When: &pb.Schedule_Weekly{Weekly: &pb.Weekly{Days: days, Start: start, End: end}}}
	}
	monthly := func(m *pb.Monthly) *pb.Schedule { return &pb.Schedule{When: &pb.Schedule_Monthly{Monthly: m}} }
	periodic := func(p *pb.Periodic) *pb.Schedule { return &pb.Schedule{When: &pb.Schedule_Periodic{Periodic: p}} }
	after := func(a *pb.AfterJob) *pb.Schedule { return &pb.Schedule{When: &pb.Schedule_AfterJob{AfterJob: a}} }
	for text, want := range map[string]*pb.Schedule{
		"daily 22:00":               weekly(all, "22:00", ""),
		"daily 22:00-06:00":         weekly(all, "22:00", "06:00"),
		"mon,Wednesday 21:00":       weekly([]int32{1, 3}, "21:00", ""),
		"fri-mon 1:00":              weekly([]int32{5, 6, 0, 1}, "1:00", ""),
		"every 15m":                 periodic(&pb.Periodic{EveryMinutes: 15, Days: all, Start: "00:00"}),
		"every 2h 08:00-18:00 mon":  periodic(&pb.Periodic{EveryMinutes: 120, Days: []int32{1}, Start: "08:00", End: "18:00"}),
		"monthly 1 03:00":           monthly(&pb.Monthly{Day: 1, Start: "03:00"}),
		"monthly last 03:00":        monthly(&pb.Monthly{Day: -1, Start: "03:00"}),
		"monthly first sun 03:00":   monthly(&pb.Monthly{Ordinal: 1, Start: "03:00"}),
		"yearly mar 31 03:00-04:00": monthly(&pb.Monthly{Month: 3, Day: 31, Start: "03:00", End: "04:00"}),
		"yearly March last fri 3:0": monthly(&pb.Monthly{Month: 3, Ordinal: -1, Weekday: 5, Start: "3:0"}),
		"after Daily":               after(&pb.AfterJob{JobId: "job-1", Successful: true}),
		"after Daily +90m":          after(&pb.AfterJob{JobId: "job-1", Successful: true, DelayMinutes: 90}),
		"after Board +1h on failed,stopped": after(&pb.AfterJob{
			JobId: "job-2", DelayMinutes: 60, Failed: true, Stopped: true,
		}),
	} {
		t.Run(text, func(t *testing.T) {
			s := newShell(t)
			r := s.run("job", "create", "J", "--mailbox", "anna@contoso.com", "--repository", "Vault", "--schedule", text, "--zone", "Asia/Tokyo", "--from", "2026-12-01")
			if r.code != 0 {
				t.Fatalf("exit %d: %s", r.code, r.errors)
			}
			if want.GetAfterJob() == nil {
				want.Zone, want.From = "Asia/Tokyo", "2026-12-01"
			}
			got := last[*pb.CreateJobRequest](s.d).GetJob().GetSchedules()
			if len(got) != 1 || !proto.Equal(got[0], want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestSchedulesThatCannotBeRead(t *testing.T) {
	for text, says := range map[string]string{
		"22:00": "say when", "someday 22:00": "say when", "every fortnight": "number of minutes or hours", "every": "how often",
		"every 1h noon": "neither days nor times", "monthly 03:00": "say the day and the time", "monthly fifth sun 03:00": "first sun",
		"monthly x 03:00": "the day is a number", "yearly m 1 03:00": "no month", "yearly": "name the month",
		"after": "name the job", "after Daily +x": "the delay", "after Daily on Tuesday": "successful, failed or stopped",
	} {
		s := newShell(t)
		r := s.run("job", "update", "Daily", "--schedule", text)
		if r.code == 0 || !strings.Contains(r.errors, says) || !strings.Contains(r.errors, "monthly first sun 03:00") {
			t.Errorf("%q: exit %d, %q", text, r.code, r.errors)
		}
	}
}

func TestSchedulesAndRetentionOfAJobAreChanged(t *testing.T) {
	s := newShell(t)
	if r := s.run("job", "update", "Daily", "--schedule", "", "--keep-daily", "7", "--keep-last", "0", "--zone", "Asia/Tokyo", "--group", ""); r.code != 0 {
		t.Fatal(r.errors)
	}
	j := last[*pb.UpdateJobRequest](s.d).GetJob()
	want := &pb.Retention{Daily: 7, Monthly: 12, Zone: "Asia/Tokyo"}
	if len(j.GetSchedules()) != 0 || !proto.Equal(j.GetRetention(), want) || j.GetGroup() != "" {
		t.Errorf("got %v", j)
	}
	if r := s.run("job", "update", "Daily", "--zone", "Asia/Tokyo"); r.code != 0 {
		t.Fatal(r.errors)
	}
	for _, one := range last[*pb.UpdateJobRequest](s.d).GetJob().GetSchedules() {
		if one.GetZone() != "Asia/Tokyo" {
			t.Errorf("got %v", one)
		}
	}
}
