package jobs

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/director/internal/record"
)

// sortByName puts the mailboxes of a whole account into the order in which people see them.
func sortByName(list []record.Mailbox) {
	slices.SortFunc(list, func(a, b record.Mailbox) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
}
