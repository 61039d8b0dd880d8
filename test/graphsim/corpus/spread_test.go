package corpus

import (
	"fmt"
	"slices"
	"testing"
)

func TestSpreadUsesAllMailboxesAndFolders(t *testing.T) {
	const boxes, messages = 12, 6000
	s := Spread(boxes)
	per := make([]int, boxes)
	folders := map[string]int{}
	unread, flagged := 0, 0
	for i := range messages {
		m := Message{MessageID: fmt.Sprintf("<%d@example.com>", i), FlagStatus: "notFlagged"}
		box, placed := s.Place(m)
		if again, _ := s.Place(m); again != box {
			t.Fatalf("%s goes to %d and to %d", m.MessageID, box, again)
		}
		per[box]++
		folders[fmt.Sprint(placed.Folder)]++
		if !placed.Read {
			unread++
		}
		if placed.FlagStatus != "notFlagged" {
			flagged++
		}
	}
	for box, n := range per {
		if n < messages/boxes*8/10 || n > messages/boxes*12/10 {
			t.Errorf("mailbox %d has %d of %d messages", box, n, messages)
		}
	}
	if len(folders) != 5+len(spreadFolders()) || folders["[inbox]"] < messages/2 {
		t.Errorf("folders %v", folders)
	}
	if unread == 0 || flagged == 0 {
		t.Errorf("%d are unread and %d flagged", unread, flagged)
	}
}

func TestSpreadLeavesAFolderAsItIs(t *testing.T) {
	m := Message{MessageID: "<1@x>", Folder: []string{"Mine"}, FlagStatus: "flagged", Categories: []string{"c"}}
	_, placed := Spread(3).Place(m)
	if !slices.Equal(placed.Folder, m.Folder) || placed.Read || placed.FlagStatus != "flagged" || len(placed.Categories) != 1 {
		t.Errorf("it became %+v", placed)
	}
}
