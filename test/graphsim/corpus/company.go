package corpus

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// Company is a fixed population of colleagues and all the mail they ever had. It is safe for concurrent use.
type Company struct {
	seed     uint64
	options  Options
	people   []*party
	outside  []*party
	lexicons []*lexicon
	trees    [][][]string
	logo     Attachment
	huge     func() []byte // made when it is first attached
}

// Person is a colleague, who has a mailbox.
type Person struct {
	Name     string
	Address  string
	Language string
}

// The mail of most companies is of the last three years, and some is from the beginning.
var (
	firstMail = time.Date(1995, time.March, 1, 8, 0, 0, 0, time.UTC)
	mostMail  = time.Date(2023, time.July, 1, 8, 0, 0, 0, time.UTC)
	lastMail  = time.Date(2026, time.June, 30, 18, 0, 0, 0, time.UTC)
)

// Generate founds a company. The same seed and options make the same company and the same mail, byte for byte, with the
// same release of Go (whose zip and png encoders may change).
func Generate(seed uint64, o Options) (*Company, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	c := &Company{seed: seed, options: o}
	for _, code := range o.Languages {
		lex, err := loadLexicon(code)
		if err != nil {
			return nil, err
		}
		c.lexicons = append(c.lexicons, lex)
	}
	r := c.random(0)
	c.people = hire(r, o.Mailboxes, o.Domain, c.lexicons)
	c.outside = outsiders(r, 24+o.Mailboxes/2, c.lexicons)
	for _, p := range c.people {
		c.trees = append(c.trees, growTree(r, p.lex, o.CaseSiblings))
	}
	c.logo = Attachment{
		Name: "logo.png", ContentType: "image/png", Inline: true, ContentID: "logo." + fmt.Sprint(seed) + "@" + o.Domain,
		Content: picture(r, 160, 48),
	}
	c.huge = sync.OnceValue(func() []byte { return noise(c.random(1), o.HugeSize) })
	return c, nil
}

// random is the source of everything that belongs to one event; 0 and 1 are the company's own.
func (c *Company) random(event uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, event)) }

// People are the owners of the mailboxes, in the order of the mailboxes' indexes.
func (c *Company) People() []Person {
	list := make([]Person, len(c.people))
	for i, p := range c.people {
		list[i] = p.Person
	}
	return list
}

// Folders are the folders of a mailbox beside the well-known ones, parents before children; some stay empty.
func (c *Company) Folders(mailbox int) [][]string { return c.trees[mailbox] }

// Mail yields all mail, older mail mostly first: the index of a mailbox and a message in it. A mail to several colleagues
// is yielded for each of them and for its sender; the copies share their bytes, which must not be changed. Messages are
// made while they are asked for; the memory needed does not grow with their number.
func (c *Company) Mail() iter.Seq2[int, Message] {
	return func(yield func(int, Message) bool) {
		u := newRun(c)
		for event := uint64(2); u.made < c.options.Messages; event++ {
			for _, d := range u.event(c.random(event)) {
				if !yield(d.box, d.message) {
					return
				}
			}
		}
	}
}
