package dispatch_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// hire adds a mailbox to the tenant of a site that had so many.
func (s *site) hire(had int) {
	var list []*transporterv1.Mailbox
	for n := range had + 1 {
		list = append(list, &transporterv1.Mailbox{Id: "m" + string(rune('1'+n)), Name: "Mailbox", Address: "m@example.com"})
	}
	s.world.Tenant("tenant", "secret", list...)
}

func TestNewMailboxesAreFoundAtTheStartOfARun(t *testing.T) {
	for name, tc := range map[string]struct {
		later time.Duration
		tasks int32
	}{
		"the list is old":                      {2 * time.Hour, 3},
		"the list is fresh":                    {10 * time.Minute, 2},
		"the list was read in what is to come": {-24 * time.Hour, 3},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &skewed{}
			s := newTunedSite(t, func(o *dispatch.Options) { o.Now = clock.now })
			p := s.porter("one")
			j := s.job("Job", s.repository(p), record.JobOptions{}, whole(s.account(2)))
			s.hire(2)
			clock.set(tc.later)
			if v := s.end(s.run(j)); v.Tasks != tc.tasks || len(v.Notes) > 0 {
				t.Errorf("ran %d mailboxes with notes %q, want %d", v.Tasks, v.Notes, tc.tasks)
			}
		})
	}
}

func TestARunGoesOnWithWhatIsKnownWhenAnAccountCannotBeReadAnew(t *testing.T) {
	clock := &skewed{}
	s := newTunedSite(t, func(o *dispatch.Options) { o.Now, o.RefreshWait = clock.now, 50*time.Millisecond })
	p := s.porter("one")
	j := s.job("Job", s.repository(p), record.JobOptions{}, whole(s.account(2)))
	s.hire(2)
	clock.set(2 * time.Hour)
	p.SetRefuse(func(method string) error {
		if method == "ListMailboxes" {
			return fault.New(fault.Denied, "Microsoft refuses the application")
		}
		return nil
	})
	v := s.end(s.run(j))
	if v.Status != record.RunSucceeded || v.Tasks != 2 || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "account Example") {
		t.Errorf("run of %d ended as %d with notes %q", v.Tasks, v.Status, v.Notes)
	}
	// A reading that takes too long is not waited for, and not begun twice; what it brings comes with a later run.
	var read atomic.Int32
	hold := make(chan struct{})
	p.SetRefuse(func(method string) error {
		if method == "ListMailboxes" {
			read.Add(1)
			<-hold
		}
		return nil
	})
	for range 2 {
		if v := s.end(s.run(j)); v.Tasks != 2 || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "takes longer") {
			t.Errorf("run of %d with notes %q", v.Tasks, v.Notes)
		}
	}
	if n := read.Load(); n != 1 {
		t.Errorf("%d readings at once, want one", n)
	}
	close(hold)
	s.eventually("the reading to end", func() bool { return s.mailboxes() == 3 })
	if v := s.end(s.run(j)); v.Tasks != 3 {
		t.Errorf("run of %d mailboxes, want 3", v.Tasks)
	}
}

// mailboxes returns how many the inventory knows.
func (s *site) mailboxes() int64 {
	all, err := s.inventory.List()
	if err != nil {
		s.t.Fatal(err)
	}
	return all[0].Mailboxes
}
