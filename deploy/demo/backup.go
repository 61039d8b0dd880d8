package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// pageSize is what the client asks of a delta page to begin with (DESIGN 5).
const pageSize = 100

// back runs the job and returns what it took.
func (s *story) back(ctx context.Context, what string) (row, error) {
	if _, err := s.site.Control.ResetCounters(ctx); err != nil {
		return row{}, err
	}
	before, err := s.stored(ctx)
	if err != nil {
		return row{}, err
	}
	began := time.Now()
	if err := s.holdfast(ctx, "job", "run", "Everyone", "--watch"); err != nil {
		return row{}, err
	}
	took := time.Since(began)
	counts, err := s.site.Control.Counters(ctx)
	if err != nil {
		return row{}, err
	}
	after, err := s.stored(ctx)
	if err != nil {
		return row{}, err
	}
	var runs pb.ListRunsResponse
	if err := s.site.CLI(ctx, &runs, nil, "run", "list", "--limit", "1"); err != nil {
		return row{}, err
	}
	if len(runs.GetRuns()) != 1 {
		return row{}, fmt.Errorf("the Director lists %d runs", len(runs.GetRuns()))
	}
	run := runs.GetRuns()[0]
	if run.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		return row{}, fmt.Errorf("the run ended as %s: %s", run.GetStatus(), run.GetError())
	}
	return row{
		what: what, messages: run.GetProgress().GetMessagesChanged(), bytes: run.GetProgress().GetBytesRead(),
		stored: after - before, requests: counts.Total, byKind: counts.ByKind, seconds: took.Seconds(),
	}, nil
}

// stored returns the bytes of the repository's packs and index.
func (s *story) stored(ctx context.Context) (int64, error) {
	var answer pb.GetRepositoryResponse
	if err := s.site.CLI(ctx, &answer, nil, "repository", "show", "Vault"); err != nil {
		return 0, err
	}
	r := answer.GetRepository()
	return r.GetStoredBytes() + r.GetIndexBytes(), nil
}

func (s *story) firstRun(ctx context.Context) error {
	r, err := s.back(ctx, "first backup")
	if err != nil {
		return err
	}
	r.ideal = s.sums.pages + s.sums.withAttachments + s.sums.folders
	s.rows = append(s.rows, r)
	s.say("%d requests to Graph (%s)", r.requests, kinds(r.byKind))
	s.say("the least that Graph allows, pages + messages with attachments + folders: %d + %d + %d = %d",
		s.sums.pages, s.sums.withAttachments, s.sums.folders, r.ideal)
	var points pb.ListPointsResponse
	if err := s.site.CLI(ctx, &points, nil, "point", "list"); err != nil {
		return err
	}
	for _, p := range points.GetPoints() {
		s.first[p.GetMailboxId()] = p
	}
	for _, u := range s.boxes {
		p := s.first[u.ID]
		if p == nil {
			return fmt.Errorf("mailbox %s has no recovery point", u.UserPrincipalName)
		}
		var own sums
		own.add(s.original[u.ID])
		if p.GetMessages() != own.messages {
			return fmt.Errorf("the point of %s holds %d messages, the mailbox %d", u.UserPrincipalName, p.GetMessages(), own.messages)
		}
	}
	return nil
}

func (s *story) quietRun(ctx context.Context) error {
	r, err := s.back(ctx, "nothing changed")
	if err != nil {
		return err
	}
	r.ideal = s.sums.folders
	s.rows = append(s.rows, r)
	s.say("%d requests to Graph (%s) for %d folders", r.requests, kinds(r.byKind), s.sums.folders)
	if r.messages != 0 {
		return fmt.Errorf("an unchanged run read %d messages anew", r.messages)
	}
	return nil
}

func (s *story) damage(ctx context.Context) error {
	control := s.site.Control
	for i, u := range s.boxes[:damagedMailboxes] {
		seed := uint64(100 + i)
		gone, err := control.Change(ctx, u.ID, graphsim.Change{Do: "permanent", Random: deletedEach, Seed: seed})
		if err != nil {
			return err
		}
		s.deleted[u.ID] = gone
		for _, c := range []graphsim.Change{
			{Do: "move", To: []string{"archive", "2026"}, Random: movedEach, Seed: seed + 1},
			{Do: "edit", Text: "A new subject", Random: editedEach, Seed: seed + 2},
			{Do: "toggle", Random: editedEach, Seed: seed + 3},
			{Do: "categorize", Text: "Blue category", Random: editedEach, Seed: seed + 4},
		} {
			if _, err := control.Change(ctx, u.ID, c); err != nil {
				return err
			}
		}
		now := time.Now().UTC().Truncate(time.Second)
		var added []corpus.Message
		for n := range addedEach {
			added = append(added, corpus.Message{
				Folder: []string{"inbox"}, Subject: fmt.Sprintf("New message %d", n+1), Body: "Sent after the first backup.",
				From: &corpus.Address{Name: "A Colleague", Address: "colleague@example.com"},
				To:   []corpus.Address{{Name: u.DisplayName, Address: u.UserPrincipalName}},
				Sent: now, Received: now, MessageID: fmt.Sprintf("<new.%d.%d@example.com>", i, n), Importance: "normal",
			})
		}
		if err := control.AddMessages(ctx, u.ID, added...); err != nil {
			return err
		}
	}
	if _, err := control.Change(ctx, s.emptied().ID, graphsim.Change{Do: "permanent"}); err != nil {
		return err
	}
	s.say("in each of %d mailboxes %d messages deleted for good, %d moved, %d edited, %d marked, %d filed under a category, %d new",
		damagedMailboxes, deletedEach, movedEach, editedEach, editedEach, editedEach, addedEach)
	s.say("all of %s deleted for good, but for what lay in Deleted Items", s.emptied().UserPrincipalName)
	return nil
}

func (s *story) nextRun(ctx context.Context) error {
	r, err := s.back(ctx, "after the damage")
	if err != nil {
		return err
	}
	s.rows = append(s.rows, r)
	return nil
}

func (s *story) verify(ctx context.Context) error {
	return s.holdfast(ctx, "repository", "verify", "Vault", "--full", "--watch")
}

// kinds lists requests by what they were for, the most frequent first.
func kinds(byKind map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(byKind), func(a, b string) int { return cmp.Compare(byKind[b], byKind[a]) })
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, byKind[n])
	}
	return strings.Join(names, ", ")
}
