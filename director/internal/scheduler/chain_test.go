package scheduler_test

import (
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
)

func TestADelayOutlastsTheNextRunOfTheOtherJob(t *testing.T) {
	o := newOffice(t)
	o.put(job("a"))
	o.put(job("b", record.Schedule{After: &record.AfterJob{Job: "a", Delay: 2 * time.Hour, Successful: true}}))
	o.step()
	for _, hour := range []string{"13", "14", "15"} {
		o.at("2026-03-01 " + hour + ":00")
		o.expect(map[string]string{"13": "", "14": "", "15": "b 2026-03-01 15:00"}[hour])
		o.runOnce("a", record.RunSucceeded)
	}
	o.end("b", record.RunSucceeded)
	o.restart()
	o.at("2026-03-01 16:30") // the runs of 14:00 and 15:00 ended since; that of 14:00 is due
	o.expect("b 2026-03-01 16:30")
	o.end("b", record.RunSucceeded)
	o.at("2026-03-01 17:00")
	o.expect("b 2026-03-01 17:00")
	o.end("b", record.RunSucceeded)
	o.at("2026-03-02 17:00")
	o.expect("")
}

func TestAJobFollowsAnotherInDifferentWays(t *testing.T) {
	for _, tc := range []struct {
		as   record.RunStatus
		want string
	}{
		{record.RunSucceeded, "b 2026-03-01 12:00"},
		{record.RunFailed, "b 2026-03-01 12:30"},
		{record.RunStopped, ""},
	} {
		o := newOffice(t)
		o.put(job("a"))
		o.put(job("b",
			record.Schedule{After: &record.AfterJob{Job: "a", Successful: true}},
			record.Schedule{After: &record.AfterJob{Job: "a", Delay: 30 * time.Minute, Failed: true}},
		))
		o.step()
		o.runOnce("a", tc.as)
		for _, at := range []string{"12:00", "12:29", "12:30", "13:00"} {
			o.at("2026-03-01 " + at)
		}
		o.expect(tc.want)
	}
}

func TestAJobFollowsAnotherFromItsDateOn(t *testing.T) {
	o := newOffice(t)
	o.put(job("a"))
	after := record.Schedule{Zone: "Asia/Kolkata", After: &record.AfterJob{Job: "a", Successful: true}}
	after.Clock.From = schedule.Day{Year: 2026, Month: 3, Day: 2}
	o.put(job("b", after))
	o.step()
	o.at("2026-03-01 18:29")
	o.runOnce("a", record.RunSucceeded)
	o.step()
	o.expect("")
	o.at("2026-03-01 18:30") // midnight there
	o.expect("")
	o.runOnce("a", record.RunSucceeded)
	o.step()
	o.expect("b 2026-03-01 18:30")
}

func TestOfSeveralStartsTheNewestCounts(t *testing.T) {
	o := newOffice(t)
	six := schedule.Clock(6 * 60)
	o.put(job("a", daily(23, nil), daily(22, &six)))
	o.step()
	o.at("2026-03-01 23:30") // the Director was off
	if len(o.started) != 1 || !o.started[0].StopAt.IsZero() {
		t.Errorf("got %+v, want the start of 23:00, which has no end time", o.started)
	}
}
