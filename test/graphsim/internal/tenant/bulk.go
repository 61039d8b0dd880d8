package tenant

import (
	"errors"
	"fmt"
	"time"
)

// Bulk is mail that is not stored but made from a seed whenever it is asked for, so that a mailbox of a million messages,
// or fifty thousand mailboxes, need no memory. Only what is changed afterwards is kept. The messages have the numbers 1 to
// Messages, the newest the highest; they are spread over the inbox, the sent items, the archive and folders of the user's
// own.
type Bulk struct {
	Messages int    `json:"messages"`
	Seed     uint64 `json:"seed,omitempty"`
	// Folders is how many folders "Project 1"… there are besides the default ones. A tenth of the mail is in them.
	Folders int `json:"folders,omitempty"`
	// OneFolder puts everything into the inbox.
	OneFolder bool `json:"oneFolder,omitempty"`
	// BodyBytes is the mean size of a body. Default: 2,000.
	BodyBytes int `json:"bodyBytes,omitempty"`
	// AttachmentEvery is after how many messages one has a file. Default: 5; negative: none ever.
	AttachmentEvery int `json:"attachmentEvery,omitempty"`
	// AttachmentBytes is the mean size of a file. Default: 30,000.
	AttachmentBytes int `json:"attachmentBytes,omitempty"`
	// First is when the oldest message was received, Step the time between two. Default: 2024-01-01 and one minute.
	First time.Time     `json:"first,omitzero"`
	Step  time.Duration `json:"step,omitempty"`
}

// Validate reports everything that is wrong with b. The limits are those of Exchange (contract 11).
func (b *Bulk) Validate() error {
	var errs []error
	if b.Messages < 1 || b.Messages > 10_000_000 {
		errs = append(errs, fmt.Errorf("bulk messages: %d is not between 1 and 10,000,000", b.Messages))
	}
	if b.Folders < 0 || b.Folders > 10_000 {
		errs = append(errs, fmt.Errorf("bulk folders: %d is not between 0 and 10,000", b.Folders))
	}
	if b.BodyBytes < 0 || b.BodyBytes > 1<<20 || b.AttachmentBytes < 0 || b.AttachmentBytes > 100<<20 {
		errs = append(errs, errors.New("bulk bodies are at most 1 MB in the mean, files 100 MB"))
	}
	if b.Step < 0 {
		errs = append(errs, errors.New("bulk step is negative"))
	}
	return errors.Join(errs...)
}

func (b *Bulk) withDefaults() Bulk {
	c := *b
	if c.BodyBytes == 0 {
		c.BodyBytes = 2000
	}
	if c.AttachmentEvery == 0 {
		c.AttachmentEvery = 5
	}
	if c.AttachmentBytes == 0 {
		c.AttachmentBytes = 30_000
	}
	if c.First.IsZero() {
		c.First = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.Step == 0 {
		c.Step = time.Minute
	}
	return c
}

// bulkMail is the layout of a mailbox's bulk. The place of a message repeats with a period, so that a message's folder,
// and the n-th message of a folder, are sums.
type bulkMail struct {
	Bulk
	owner  User
	slots  []bulkSlot // by index modulo their number
	shares map[uint32]*bulkFolder
}

type bulkSlot struct {
	share *bulkFolder
	at    int // within the residues of the folder
}

// bulkFolder is one folder's share of the bulk.
type bulkFolder struct {
	num      uint32
	residues []int
	period   int
	count    int
	stride   uint64 // coprime to count: the order of a first delta round
}

func newBulkMail(b *Bulk, owner User, roles map[string]uint32, own []uint32) *bulkMail {
	x := &bulkMail{Bulk: b.withDefaults(), owner: owner, shares: map[uint32]*bulkFolder{}}
	inbox, sent, archive := roles["inbox"], roles["sentitems"], roles["archive"]
	ten := []uint32{inbox, inbox, sent, inbox, inbox, archive, inbox, sent, inbox, 0}
	for i := range max(1, len(own)) {
		for _, num := range ten {
			switch {
			case b.OneFolder, num == 0 && len(own) == 0:
				num = inbox
			case num == 0:
				num = own[i]
			}
			x.place(num)
		}
	}
	period := len(x.slots)
	for _, f := range x.shares {
		f.period = period
		f.count = x.Messages / period * len(f.residues)
		for _, r := range f.residues {
			if r < x.Messages%period {
				f.count++
			}
		}
		f.stride = coprime(uint64(f.count))
	}
	return x
}

func (x *bulkMail) place(num uint32) {
	f := x.shares[num]
	if f == nil {
		f = &bulkFolder{num: num}
		x.shares[num] = f
	}
	f.residues = append(f.residues, len(x.slots))
	x.slots = append(x.slots, bulkSlot{f, len(f.residues) - 1})
}

// coprime is a number near the golden section of n that has no factor in common with it.
func coprime(n uint64) uint64 {
	for a := n*618/1000 + 1; ; a++ {
		x, y := a, n
		for y != 0 {
			x, y = y, x%y
		}
		if x == 1 || n < 2 {
			return a
		}
	}
}

// has tells whether a number is one of the bulk's.
func (x *bulkMail) has(uid uint64) bool { return x != nil && uid >= 1 && uid <= uint64(x.Messages) }

// where is the folder of a message, and how many of the folder are older.
func (x *bulkMail) where(uid uint64) (*bulkFolder, int) {
	i := int(uid - 1)
	s := x.slots[i%len(x.slots)]
	return s.share, i/len(x.slots)*len(s.share.residues) + s.at
}

// uid of the p-th oldest message of the folder.
func (f *bulkFolder) uid(p int) uint64 {
	return uint64(p/len(f.residues)*f.period+f.residues[p%len(f.residues)]) + 1
}

// scattered is the uid of the k-th message in an order that has nothing to do with dates.
func (f *bulkFolder) scattered(k uint64) uint64 {
	return f.uid(int((k*f.stride + uint64(f.count)/3) % uint64(f.count)))
}

func (x *bulkMail) received(uid uint64) time.Time {
	return Second(x.First.Add(time.Duration(uid-1) * x.Step))
}

// unread is every eighth message of a folder.
func unreadAt(p int) bool { return p%8 == 7 }

func (f *bulkFolder) unread() int { return f.count / 8 }
