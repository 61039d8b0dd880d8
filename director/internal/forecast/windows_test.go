package forecast

import (
	"testing"
	"time"

	"holdfast/director/internal/estimate"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
)

func TestTheShortestWindowIsThatOfTheNightWhenSummerTimeBegins(t *testing.T) {
	end := schedule.Clock(4 * 60)
	clock := schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: 60, End: &end}
	open := clock
	open.End = nil
	j := record.Job{Schedules: []record.Schedule{
		{Zone: "Europe/Zurich", Clock: clock}, {Zone: "UTC", Clock: clock}, {Zone: "UTC", Clock: open}, {After: &record.AfterJob{Job: "other"}},
	}}
	got, err := windows(j, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err != nil || len(got) != 2 || got[0].Time != 2*time.Hour || got[1].Time != 3*time.Hour {
		t.Errorf("got %+v, %v", got, err)
	}
	j.Schedules[0].Zone = "Nowhere/Else"
	if _, err := windows(j, time.Now()); err == nil {
		t.Error("a zone that is not there was taken")
	}
}

func TestASampleIsSpreadOverAllThatIsNotKnown(t *testing.T) {
	list := make([]estimate.Mailbox, 1000)
	for i := range list {
		list[i].Messages, list[i].Known = int64(i), i%2 == 0
	}
	got := sample(list, 10)
	for n, m := range got {
		if m.Known || n > 0 && m.Messages-got[n-1].Messages != 100 {
			t.Errorf("the %dth is %d", n, m.Messages)
		}
	}
	if len(got) != 10 || len(sample(list[:8], 10)) != 4 {
		t.Errorf("%d of a thousand, %d of eight", len(got), len(sample(list[:8], 10)))
	}
}
