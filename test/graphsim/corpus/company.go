package corpus

import "iter"

// Company is a fixed population of colleagues and all the mail they ever had. It is safe for concurrent use.
type Company struct {
	seed    uint64
	options Options
	people  []Person
}

// Person is a colleague, who has a mailbox.
type Person struct {
	Name     string
	Address  string
	Language string
}

// Generate founds a company. The same seed and options make the same company and the same mail, byte for byte, with the
// same release of Go (whose zip and png encoders may change).
func Generate(seed uint64, o Options) (*Company, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	return &Company{seed: seed, options: o.withDefaults()}, nil
}

// People are the owners of the mailboxes, in the order of the mailboxes' indexes.
func (c *Company) People() []Person { return c.people }

// Folders are the folders of a mailbox beside the well-known ones, parents before children; some stay empty.
func (c *Company) Folders(mailbox int) [][]string { return nil }

// Mail yields all mail in the order of time: the index of a mailbox and a message in it. A mail to several colleagues is
// yielded for each of them and for its sender; the copies share their bytes. Messages are made while they are asked for.
func (c *Company) Mail() iter.Seq2[int, Message] {
	return func(yield func(int, Message) bool) {}
}
