package graph_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/graph"
)

func TestTheAssertionOfACertificateIsOneThatMicrosoftTakes(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	whole := pemOf(t, key, &key.PublicKey)
	block, _ := pem.Decode([]byte(whole))
	s, c := sim(t, graphsim.Options{}, func(o *graph.Options) {
		o.Secret, o.Certificate = graph.Secret{}, graph.Certificate{Data: graph.NewSecret(whole)}
	})
	if err := s.PutApp(graphsim.App{ID: graphsim.DefaultApp, Certificate: string(pem.EncodeToMemory(block))}); err != nil {
		t.Fatal(err)
	}
	addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})
	if _, err := c.CheckAccess(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.PutApp(graphsim.App{ID: graphsim.DefaultApp}); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeTokens(graphsim.DefaultApp); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CheckAccess(t.Context()); err == nil || !strings.Contains(err.Error(), "700027") {
		t.Errorf("a certificate that is no longer registered: %v", err)
	}
}

func TestRevokedTokensAreReplacedInTheMiddleOfARun(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	ids := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})
	addMessages(t, s, ids[0], plain(30)...)
	inbox := folderOf(t, c, ids[0], "inbox")
	for range 3 {
		if err := s.RevokeTokens(graphsim.DefaultApp); err != nil {
			t.Fatal(err)
		}
		if changes, _, _ := round(t, c, ids[0], inbox, ""); len(changes) != 30 {
			t.Errorf("%d changes after the tokens were revoked", len(changes))
		}
	}
}

func TestWhatTheServiceLeavesOpenMakesNoDifference(t *testing.T) {
	s, c := sim(t, graphsim.Options{
		Settings: graphsim.Settings{
			OddErrors: true, NestedErrors: true, ShortPages: true, StaleLinks: true, EmptyPages: true, Replays: true, OpenExtras: true, TokenSkew: 4 * time.Minute, DateSkew: time.Hour,
			Latency: time.Millisecond, LatencyP99: 10 * time.Millisecond,
		},
		Throttle: graphsim.Limits{DateRetry: true},
	})
	ids := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true, Bulk: &graphsim.Bulk{Messages: 400, Folders: 2}}, graphsim.User{DisplayName: "No", NoMailbox: "alternate"})
	addFault(t, s, graphsim.Fault{Kind: "*.*", Status: 429, RetryAfter: "0.01", Probability: 0.1})
	addFault(t, s, graphsim.Fault{Kind: "*.*", Reset: true, Probability: 0.15})
	lines, err := s.Truth(string(ids[0]), graphsim.TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, l := range lines {
		if l.Message != nil {
			want = append(want, l.Message.ID)
		}
	}
	folders, err := c.Folders(t.Context(), ids[0], graph.FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		changes, _, _ := round(t, c, ids[0], f.ID, "")
		for _, ch := range changes {
			got = append(got, string(ch.Message.ID))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("%d messages read, %d are there", len(got), len(want))
	}
}

func TestAttachedEventsAndContactsComeAsTheirRendering(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	ids := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	outer := plain(1)[0]
	for _, kind := range []string{"event", "contact"} {
		outer.Attachments = append(outer.Attachments, corpus.Attachment{Name: kind, Item: &corpus.Message{
			Type: kind, Subject: "The " + kind, Sent: at, Received: at.Add(time.Hour), From: &corpus.Address{Name: "B", Address: "b@test.example"},
		}})
	}
	addMessages(t, s, ids[0], outer)
	changes, _, _ := round(t, c, ids[0], folderOf(t, c, ids[0], "inbox"), "")
	got := map[string]string{}
	if err := c.Attachments(t.Context(), ids[0], changes[0].Message.ID, func(a graph.Attachment) error {
		if a.Content == nil {
			t.Errorf("%s has no content: %v", a.Name, a)
			return nil
		}
		p, err := io.ReadAll(a.Content)
		got[a.Name] = string(p)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got["event"], "SUMMARY:The event\r\n") || !strings.Contains(got["contact"], "FN:The contact\r\n") {
		t.Errorf("got %q", got)
	}
}
