package corpus

import (
	"errors"
	"fmt"
	"slices"
)

// Options says what mail Generate makes. Its zero value is a small company with a bit of everything.
type Options struct {
	// Mailboxes is the number of colleagues, each of whom has a mailbox. Default: 4.
	Mailboxes int
	// Messages is the number of messages in all mailboxes together; a mail to five colleagues counts five times, and once
	// more in the sender's sent items. Default: 100 for each mailbox.
	Messages int
	// PerMailbox is the number of messages in each mailbox, exactly. It excludes Messages.
	PerMailbox int
	// TotalBytes is the sum of Size over all messages to come close to, by making attachments larger or smaller; as .eml
	// they are about 1.4 times as large. Attached files are alike in a good half of these bytes.
	// Default: no target; attachments are then 60 KB in the mean.
	TotalBytes int64
	// AttachmentShare is the share of mails with attached files, 0 to 1; mail to one person has them more often. Default: 0.3; negative means none.
	AttachmentShare float64
	// Languages are those that people write: a subset of Languages(). Default: all.
	Languages []string
	// Domain is the company's. Default: "kestrel.example".
	Domain string
	// HugeSize is the size in bytes of one incompressible file, attached to HugeCount mails (default 1) on top of
	// TotalBytes. All share one slice. Default: none.
	HugeSize  int
	HugeCount int
	// OnlyCarried leaves out what Graph cannot write back: meeting messages and reference attachments.
	OnlyCarried bool
	// CaseSiblings adds sibling folders whose names differ in case only, which Exchange itself refuses to make.
	CaseSiblings bool
}

// Validate reports everything that is wrong with o.
func (o Options) Validate() error {
	var errs []error
	if o.Mailboxes < 0 || o.Mailboxes > 100_000 {
		errs = append(errs, fmt.Errorf("mailboxes: %d is not between 0 and 100000", o.Mailboxes))
	}
	if o.Messages < 0 || o.PerMailbox < 0 || o.TotalBytes < 0 || o.HugeSize < 0 || o.HugeCount < 0 {
		errs = append(errs, errors.New("a count or a size is negative"))
	}
	if o.Messages > 0 && o.PerMailbox > 0 {
		errs = append(errs, errors.New("messages and per mailbox exclude each other"))
	}
	if o.AttachmentShare > 1 {
		errs = append(errs, fmt.Errorf("attachment share: %g is above 1", o.AttachmentShare))
	}
	if o.TotalBytes > 0 && o.AttachmentShare < 0 {
		errs = append(errs, errors.New("total bytes are met by attachments, of which there are none"))
	}
	for _, l := range o.Languages {
		if !slices.Contains(Languages(), l) {
			errs = append(errs, fmt.Errorf("languages: %q is none of %v", l, Languages()))
		}
	}
	return errors.Join(errs...)
}

// withDefaults fills what is zero.
func (o Options) withDefaults() Options {
	if o.Mailboxes == 0 {
		o.Mailboxes = 4
	}
	if o.PerMailbox > 0 {
		o.Messages = o.PerMailbox * o.Mailboxes
	}
	if o.Messages == 0 {
		o.Messages = 100 * o.Mailboxes
	}
	if o.AttachmentShare == 0 {
		o.AttachmentShare = 0.3
	}
	o.AttachmentShare = max(o.AttachmentShare, 0)
	if len(o.Languages) == 0 {
		o.Languages = Languages()
	}
	if o.Domain == "" {
		o.Domain = "kestrel.example"
	}
	if o.HugeSize > 0 && o.HugeCount == 0 {
		o.HugeCount = 1
	}
	return o
}

// Languages are the codes of the languages that Generate can write.
func Languages() []string {
	return []string{"en", "de", "fr", "es", "pl", "ru", "el", "tr", "ja", "zh", "ar", "he"}
}
