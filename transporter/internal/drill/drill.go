// Package drill proves that what is kept can be brought back: it chooses messages of a recovery point and compares, part by
// part, what came back of them with what is kept. It knows what Microsoft cannot carry (docs/recovery-fidelity.md) and does
// not count that; it neither recovers nor reads mailboxes.
//
// What it tells of a difference holds no content: lengths, times and states, never texts or addresses.
package drill

import (
	"context"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// MaxMessages is how many messages a drill takes of one mailbox at most.
const MaxMessages = 1000

// MaxDifferences is how many differences a report lists; the others are counted.
const MaxDifferences = 1000

// Report is how a drill went.
type Report struct {
	// Messages were taken. Of them Same came back as they are kept, Different did not, and Missing did not come back at all.
	Messages, Same, Different, Missing int64
	// Compared is how many parts of messages were.
	Compared        int64
	Differences     []Difference
	DifferencesMore int64
	// Left is what is still in the test mailbox, messages and folders.
	Left int64
}

// Difference is a part of a message that did not come back as it is kept.
type Difference struct {
	Folder  mail.FolderID
	Message mail.MessageID
	// Field names the part; Text says what is wrong, in a sentence without content.
	Field, Text string
}

// Add counts a message that was compared.
func (r *Report) Add(of *record.Message, compared int, found []Difference) {
	r.Compared += int64(compared)
	if len(found) == 0 {
		r.Same++
		return
	}
	r.Different++
	for _, d := range found {
		d.Folder, d.Message = of.Folder, of.ID
		r.tell(d)
	}
}

// Miss counts a message that did not come back.
func (r *Report) Miss(folder mail.FolderID, id mail.MessageID, why string) {
	r.Missing++
	r.tell(Difference{Folder: folder, Message: id, Field: "message", Text: why})
}

func (r *Report) tell(d Difference) {
	if len(r.Differences) == MaxDifferences {
		r.DifferencesMore++
		return
	}
	r.Differences = append(r.Differences, d)
}

// Err is Corrupt when anything did not come back as it is kept.
func (r *Report) Err() error {
	if r.Different+r.Missing == 0 {
		return nil
	}
	first := r.Differences[0]
	return fault.New(fault.Corrupt, "%d of %d messages did not come back as they are kept, %d of them not at all; the first: %s: %s",
		r.Different+r.Missing, r.Messages, r.Missing, first.Field, first.Text)
}

// Messages yields the messages of a folder, as recovery.Point has it.
type Messages func(ctx context.Context, folder mail.FolderID) iter.Seq2[*record.Message, error]

// Sample chooses messages of a point at random, all with the same chance; the same ones for the same name. Those that cannot
// be read are left to a verify. Recoverable Items are left out: their mail comes back into ordinary folders, and in many
// mailboxes would be most of the sample.
func Sample(ctx context.Context, folders []recovery.Folder, messages Messages, name string, n int) ([]recovery.Ref, error) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	random := rand.New(rand.NewPCG(h.Sum64(), 0)) //nolint:gosec // a sample, no secret
	var chosen []recovery.Ref
	seen := 0
	for _, f := range folders {
		if strings.HasPrefix(string(f.Role), "recoverableitems") {
			continue
		}
		for m, err := range messages(ctx, f.ID) {
			if ctx.Err() != nil {
				return nil, fault.New(fault.Canceled, "stopped: %w", ctx.Err())
			}
			if err != nil {
				continue
			}
			seen++
			ref := recovery.Ref{Folder: f.ID, Message: m.ID}
			if len(chosen) < n {
				chosen = append(chosen, ref)
			} else if at := random.IntN(seen); at < n {
				chosen[at] = ref
			}
		}
	}
	slices.SortFunc(chosen, func(a, b recovery.Ref) int {
		if a.Folder != b.Folder {
			return strings.Compare(string(a.Folder), string(b.Folder))
		}
		return strings.Compare(string(a.Message), string(b.Message))
	})
	return chosen, nil
}
