package overview

import (
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Day counts what ended on a day.
type Day struct {
	Date                                      string
	Succeeded, Incomplete, Failed, Stopped    int32
	Mailboxes, MailboxesLess, MailboxesFailed int64
	Messages, Changed, Read, New              int64
	Recoveries, RecoveriesFailed              int32
	Others, OthersFailed                      int32
}

// Days returns the results of the last days in a zone, oldest first, today last; at most tallyDays-2.
func (s *Service) Days(n int, zone *time.Location) ([]Day, error) {
	if _, err := s.Look(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	today := s.Now().In(zone)
	list := make([]Day, n)
	at := make(map[string]*Day, n)
	for i := range list {
		// Noon: a day may begin an hour late.
		list[i].Date = time.Date(today.Year(), today.Month(), today.Day()-(n-1-i), 12, 0, 0, 0, zone).Format(time.DateOnly)
		at[list[i].Date] = &list[i]
	}
	for _, t := range s.runs.tallies {
		if d := at[t.ended.In(zone).Format(time.DateOnly)]; d != nil {
			d.count(&t)
		}
	}
	return list, nil
}

func (d *Day) count(t *tally) {
	failed := int32(0)
	if t.status == record.RunFailed {
		failed = 1
	}
	switch t.kind {
	case record.KindBackup:
	case record.KindRecovery, record.KindUndo:
		d.Recoveries++
		d.RecoveriesFailed += failed
		return
	default:
		d.Others++
		d.OthersFailed += failed
		return
	}
	switch t.status {
	case record.RunSucceeded:
		d.Succeeded++
	case record.RunIncomplete:
		d.Incomplete++
	case record.RunStopped:
		d.Stopped++
	default:
		d.Failed++
	}
	d.Mailboxes += int64(t.succeeded + t.incomplete)
	d.MailboxesLess += int64(t.incomplete)
	d.MailboxesFailed += int64(t.failed)
	d.Messages += t.messages
	d.Changed += t.changed
	d.Read += t.read
	d.New += t.fresh
}

// Filter chooses troubled mailboxes. Empty fields match all.
type Filter struct {
	Trouble Trouble
	Account string
	Job     record.JobID
	Search  string
}

// List returns the mailboxes that something is the matter with, by account, then name.
func (s *Service) List(f Filter) ([]Mailbox, *State, error) {
	st, err := s.Look()
	if err != nil {
		return nil, nil, err
	}
	from := st.Troubled[f.Trouble]
	if f.Trouble == Failed || f.Trouble == Incomplete {
		if from, err = s.results(st, f); err != nil {
			return nil, nil, err
		}
	}
	search := strings.ToLower(f.Search)
	var list []Mailbox
	for _, m := range from {
		if f.Account != "" && string(m.Account) != f.Account || f.Job != "" && m.Job != f.Job {
			continue
		}
		if search != "" && !strings.Contains(strings.ToLower(m.Name), search) && !strings.Contains(strings.ToLower(m.Address), search) {
			continue
		}
		list = append(list, m)
	}
	return list, st, nil
}

// results reads which mailboxes the last run of each enabled job left without a point, or with losses.
func (s *Service) results(st *State, f Filter) ([]Mailbox, error) {
	want := record.TaskFailed
	if f.Trouble == Incomplete {
		want = record.TaskIncomplete
	}
	last := map[record.JobID]end{}
	s.mu.Lock()
	for i := range st.Jobs {
		if j := &st.Jobs[i]; works(j) && (f.Job == "" || f.Job == j.ID) {
			if ends := s.runs.ofJob[j.ID]; len(ends) > 0 {
				last[j.ID] = ends[0]
			}
		}
	}
	s.mu.Unlock()
	var list []Mailbox
	err := s.Store.View(func(tx *store.Tx) error {
		for i := range st.Jobs {
			e, ok := last[st.Jobs[i].ID]
			if !ok || want == record.TaskFailed && e.failed == 0 || want == record.TaskIncomplete && e.incomplete == 0 {
				continue
			}
			for t, err := range store.Tasks.All(tx, store.TaskPrefix(e.run)) {
				if err != nil {
					return err
				}
				if t.Status != want {
					continue
				}
				m := Mailbox{Job: st.Jobs[i].ID, Run: e.run, Since: t.Ended, Reason: t.Error}
				m.Account, m.ID, m.Name, m.Address, m.Kind = t.Account, t.Mailbox, t.MailboxName, t.MailboxAddress, t.MailboxKind
				if want == record.TaskIncomplete {
					m.Last = t.Ended
					if m.Reason == "" {
						m.Reason = counted(t.Losses+t.LossesMore, "item", "items") + " could not be kept"
					}
				}
				list = append(list, m)
			}
		}
		return nil
	})
	return list, err
}
