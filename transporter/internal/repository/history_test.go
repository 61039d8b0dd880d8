package repository

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// told describes a history: for each point whether and how it has the message.
func told(t *testing.T, h *history, spans []Span) []string {
	t.Helper()
	var out []string
	for _, s := range spans {
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		if s.First.ID != h.points[len(out)].Info().ID || s.Last.ID != h.points[len(out)+s.Points-1].Info().ID {
			t.Fatalf("a span of %d begins at point %d and is of others", s.Points, len(out))
		}
		for range s.Points {
			out = append(out, how(s.Folder, s.Message))
		}
	}
	return out
}

func how(f *mail.Folder, m *record.Message) string {
	if m == nil {
		return "-"
	}
	return fmt.Sprint(f.ID, "/", f.Name, " ", m.ChangeKey, " ", m.Subject, " ", m.Read, " ", m.Received.Unix(), " ", m.Categories)
}

func TestTheHistoryOfAMessageIsWhatEachPointHas(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := mustCreate(t, testOptions(t, false))
	h := newHistory(t, rnd, r)
	h.round(300)
	for range 12 {
		h.round(1 + rnd.IntN(80))
	}
	spans, changes, moves := 0, 0, 0
	for at, truth := range h.truth {
		for id, m := range truth.messages {
			if rnd.IntN(8) > 0 {
				continue
			}
			got, err := h.points[at].History(t.Context(), m.Folder, id)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, s := range h.truth {
				if v, in := s.messages[id]; in {
					f := s.folders[v.Folder]
					want = append(want, how(&f, &v))
				} else {
					want = append(want, "-")
				}
			}
			if list := told(t, h, got); !slices.Equal(list, want) {
				t.Fatalf("%s from point %d:\ngot  %q\nwant %q", id, at, list, want)
			}
			spans += len(got)
			var last *Span
			for i := range got {
				s := &got[i]
				if s.Message == nil {
					continue
				}
				if last != nil {
					if !slices.Equal(s.Aspects, messageAspects(last.Message, s.Message)) || s.Moved != (last.Folder.ID != s.Folder.ID) {
						t.Fatalf("%s: %v, moved %v", id, s.Aspects, s.Moved)
					}
					if s.Moved {
						moves++
					}
					changes += len(s.Aspects)
				}
				last = s
			}
		}
	}
	if spans == 0 || changes == 0 || moves == 0 {
		t.Fatalf("%d spans, %d changes and %d moves: the history was too dull to show anything", spans, changes, moves)
	}
	if _, err := h.points[0].History(t.Context(), "f0", "none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
}
