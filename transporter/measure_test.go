package transporter_test

import (
	"strings"
	"testing"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func TestMailboxesAreMeasuredByTheirFolders(t *testing.T) {
	d, mailboxes := work(t, company(3, 40), nil)
	measure := func(q *transporterv1.MeasureMailboxesRequest) ([]*transporterv1.MeasureMailboxesResponse, error) {
		t.Helper()
		stream, err := d.c.MeasureMailboxes(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var all []*transporterv1.MeasureMailboxesResponse
		for {
			one, err := stream.Recv()
			if err != nil {
				return all, err
			}
			all = append(all, one)
		}
	}
	// What the backup of the same mailboxes finds is what is to be foretold.
	want := map[string]int64{}
	for _, id := range mailboxes {
		want[id] = d.doBackup(id).GetProgress().GetMessagesDone()
	}
	got, _ := measure(&transporterv1.MeasureMailboxesRequest{Account: d.account, MailboxIds: append(mailboxes, "nobody"), HiddenFolders: true})
	if len(got) != len(mailboxes)+1 {
		t.Fatalf("got %v", got)
	}
	for _, one := range got {
		if one.GetMailboxId() == "nobody" {
			if one.GetError() == "" || one.GetMessages() != 0 {
				t.Errorf("a mailbox that is not there: %v", one)
			}
			continue
		}
		if n := want[one.GetMailboxId()]; n == 0 || one.GetMessages() != n || one.GetFolders() == 0 || one.GetError() != "" {
			t.Errorf("got %v, want %d messages", one, n)
		}
	}
	_, err := measure(&transporterv1.MeasureMailboxesRequest{Account: d.account, MailboxIds: strings.Split(strings.Repeat("x ", 1001), " ")})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("too many: %v", err)
	}
	if _, err = measure(&transporterv1.MeasureMailboxesRequest{Account: d.account, MailboxIds: []string{""}}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty id: %v", err)
	}
	d.account.ClientSecret = "wrong"
	if _, err = measure(&transporterv1.MeasureMailboxesRequest{Account: d.account, MailboxIds: mailboxes}); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("a wrong secret: %v", err)
	}
}
