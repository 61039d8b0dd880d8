package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search"
)

// TestWhoWaitsIsServedFirst searches in the last of thirty mailboxes while the index has come to the fourth. The index then
// stands still until there is an answer, which must be whole.
func TestWhoWaitsIsServedFirst(t *testing.T) {
	w := newWorld(rand.New(rand.NewPCG(4, 4)))
	b := w.boxes[0]
	var last record.Point
	for i := range 30 {
		key := record.BackupKey{Account: "acc", Mailbox: mail.MailboxID(fmt.Sprint("m", i)), Job: "j"}
		last = w.lib.seal(key, b.folders, []record.Message{w.message(b)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fourth, answered := make(chan struct{}), make(chan struct{})
	var x *search.Index
	x = search.New(w.lib, search.Options{Dir: t.TempDir(), Progress: func(done, _ int) {
		switch done {
		case 3:
			close(fourth)
			x.AwaitWanted(ctx)
		case 5:
			<-answered
		}
	}})
	stopped := make(chan struct{})
	go func() { defer close(stopped); x.Run(ctx, nil) }()
	<-fourth
	answer, err := x.Search(ctx, search.Query{Scope: search.Scope{Point: last.ID}}, func(*search.Hit) error { return nil })
	close(answered)
	if err != nil || answer.Behind != 0 || answer.Total != 1 {
		t.Errorf("the answer is %+v, %v", answer, err)
	}
	cancel()
	<-stopped
}
