package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/test/graphsim"
)

// bring recovers and compares the mailbox then with what is wanted of it.
func (s *story) bring(ctx context.Context, into graphsim.User, want []graphsim.TruthLine, args ...string) error {
	if err := s.holdfast(ctx, append(append([]string{"recover"}, args...), "--watch")...); err != nil {
		return err
	}
	got, err := s.site.Control.Truth(ctx, into.ID, graphsim.TruthOptions{})
	if err != nil {
		return err
	}
	differences := graphsim.Compare(want, got, graphsim.CompareOptions{Plain: true, Folder: samePlace(want, got)})
	s.differs = append(s.differs, differences...)
	var sum sums
	sum.add(want)
	s.counted += int(sum.messages)
	s.say("%s: %d messages compared with the truth, field by field; differences: %d", into.UserPrincipalName, sum.messages, len(differences))
	for _, d := range differences[:min(len(differences), 5)] {
		s.say("  %s", d)
	}
	return nil
}

// samePlace maps a folder's path in one mailbox to its path in another, whose default folders may have names of another
// language.
func samePlace(from, to []graphsim.TruthLine) func(string) string {
	roles := map[string]string{}
	for _, l := range to {
		if l.Folder != nil && l.Folder.Role != "" {
			roles[l.Folder.Role] = l.Folder.Path
		}
	}
	renamed := map[string]string{}
	for _, l := range from {
		if l.Folder != nil && roles[l.Folder.Role] != "" {
			renamed[l.Folder.Path] = roles[l.Folder.Role]
		}
	}
	return func(path string) string {
		head, rest, below := strings.Cut(path, graphsim.PathSeparator)
		if name, ok := renamed[head]; ok {
			head = name
		}
		if below {
			return head + graphsim.PathSeparator + rest
		}
		return head
	}
}

// measured does the work between two readings of the tenant's counters.
func (s *story) measured(ctx context.Context, what string, work func(*row) error) error {
	if _, err := s.site.Control.ResetCounters(ctx); err != nil {
		return err
	}
	r := row{what: what}
	began := time.Now()
	if err := work(&r); err != nil {
		return err
	}
	r.seconds = time.Since(began).Seconds()
	counts, err := s.site.Control.Counters(ctx)
	if err != nil {
		return err
	}
	r.requests = counts.Total
	s.rows = append(s.rows, r)
	return nil
}

func (s *story) recoverDeleted(ctx context.Context) error {
	return s.measured(ctx, "deleted messages recovered", func(r *row) error {
		for _, u := range s.boxes[:damagedMailboxes] {
			now, err := s.site.Control.Truth(ctx, u.ID, graphsim.TruthOptions{})
			if err != nil {
				return err
			}
			want := now
			for _, l := range s.original[u.ID] {
				if l.Message != nil && slices.Contains(s.deleted[u.ID], l.Message.ID) {
					want = append(want, l)
					r.messages++
					r.bytes += messageBytes(l.Message)
				}
			}
			first := s.first[u.ID].GetId()
			if err := s.bring(ctx, u, want, first, "--deleted-since", u.UserPrincipalName); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *story) recoverEmptied(ctx context.Context) error {
	return s.measured(ctx, "emptied mailbox recovered", func(r *row) error {
		u := s.emptied()
		r.count(s.original[u.ID])
		return s.bring(ctx, u, s.original[u.ID], s.first[u.ID].GetId())
	})
}

func (s *story) recoverElsewhere(ctx context.Context) error {
	return s.measured(ctx, "mailbox recovered into another", func(r *row) error {
		u := s.elsewhere()
		r.count(s.original[u.ID])
		return s.bring(ctx, s.spare, s.original[u.ID], s.first[u.ID].GetId(), "--to-mailbox", s.spare.UserPrincipalName)
	})
}
