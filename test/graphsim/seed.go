package graphsim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"holdfast/test/graphsim/corpus"
	"holdfast/test/graphsim/internal/tenant"
)

// SeedOptions says what mail the tenant begins with: generated, imported, or both.
type SeedOptions struct {
	// Generate makes a company's mail from the seed. Nil: none.
	Generate *corpus.Options `json:"generate,omitempty"`
	Seed     uint64          `json:"seed,omitempty"`
	// Import paths: folders of .eml files, Maildirs, mbox files.
	Import []string `json:"import,omitempty"`
	// Pattern of file names in imported folders, and how many messages to take at most. Default: all.
	Pattern string `json:"pattern,omitempty"`
	Limit   int    `json:"limit,omitempty"`
	// Bulk adds Mailboxes new users (default 1), each with such mail under a seed of its own.
	Bulk *Bulk `json:"bulk,omitempty"`
	// Mailboxes that imported mail is spread over. Default: those that there are, or 4 new ones.
	Mailboxes int `json:"mailboxes,omitempty"`
	// Language of the default folders of new mailboxes: "en", "de", "fr", or "mixed". Default: "en".
	Language string `json:"language,omitempty"`
}

// SeedResult is what was added.
type SeedResult struct {
	Mailboxes []string `json:"mailboxes"`
	Messages  int      `json:"messages"`
	Bytes     int64    `json:"bytes"`
	Skipped   []string `json:"skipped,omitempty"` // mail that could not be imported, with the reason
}

// seedChunk is how many messages become one journal write.
const seedChunk = 256

// Seed adds mailboxes and mail.
func (s *Server) Seed(o SeedOptions) (SeedResult, error) {
	sd := &seeder{s: s, store: newContents(s.tenant.Blobs), waiting: map[string][]corpus.Message{}}
	if o.Generate != nil {
		if err := sd.generate(o); err != nil {
			return sd.result, err
		}
	}
	if o.Bulk != nil {
		return sd.result, sd.bulk(o)
	}
	if len(o.Import) > 0 {
		if err := sd.imports(o); err != nil {
			return sd.result, err
		}
	}
	return sd.result, sd.flushAll()
}

type seeder struct {
	s       *Server
	store   *contents
	waiting map[string][]corpus.Message
	result  SeedResult
}

func (sd *seeder) add(mailbox string, m corpus.Message) error {
	sd.result.Messages++
	sd.result.Bytes += corpus.Size(m)
	list := append(sd.waiting[mailbox], m)
	sd.waiting[mailbox] = list
	if len(list) < seedChunk {
		return nil
	}
	delete(sd.waiting, mailbox)
	return sd.s.addMessages(mailbox, list, sd.store)
}

func (sd *seeder) flushAll() error {
	for mailbox, list := range sd.waiting {
		if err := sd.s.addMessages(mailbox, list, sd.store); err != nil {
			return err
		}
	}
	return nil
}

func language(o SeedOptions, i int) string {
	if o.Language == "mixed" {
		return []string{"en", "de", "fr"}[i%3]
	}
	return o.Language
}

func (sd *seeder) generate(o SeedOptions) error {
	seed := o.Seed
	if seed == 0 {
		seed = sd.s.opts.Seed
	}
	company, err := corpus.Generate(seed, *o.Generate)
	if err != nil {
		return err
	}
	var users []User
	for i, p := range company.People() {
		users = append(users, User{DisplayName: p.Name, UserPrincipalName: p.Address, Mailbox: true, AccountEnabled: true, Language: language(o, i)})
	}
	if users, err = sd.s.AddUsers(users...); err != nil {
		return err
	}
	for i, u := range users {
		sd.result.Mailboxes = append(sd.result.Mailboxes, u.ID)
		if err := sd.s.addFolders(u.ID, company.Folders(i)); err != nil {
			return err
		}
	}
	for box, m := range company.Mail() {
		if err := sd.add(users[box].ID, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) addFolders(mailbox string, paths [][]string) error {
	return s.tenant.Update(func(tx *tenant.Tx) error {
		mb, err := mailboxOf(tx, mailbox)
		if err != nil {
			return err
		}
		for _, p := range paths {
			folderAt(tx, mb, p)
		}
		return nil
	})
}

func (sd *seeder) imports(o SeedOptions) error {
	boxes, err := sd.boxes(o)
	if err != nil {
		return err
	}
	spread := corpus.Spread(len(boxes))
	n := 0
	for _, path := range o.Import {
		for m, err := range corpus.Import(path, corpus.ImportOptions{Pattern: o.Pattern}) {
			var skipped *corpus.SkippedError
			if errors.As(err, &skipped) {
				sd.result.Skipped = append(sd.result.Skipped, err.Error())
				continue
			}
			if err != nil {
				return err
			}
			if n++; o.Limit > 0 && n > o.Limit {
				return nil
			}
			box, placed := spread.Place(m)
			if err := sd.add(boxes[box], placed); err != nil {
				return err
			}
		}
	}
	return nil
}

// bulk adds users whose mail is made when it is asked for.
func (sd *seeder) bulk(o SeedOptions) error {
	if o.Generate != nil || len(o.Import) > 0 {
		return errors.New("bulk mail is seeded by itself")
	}
	have := 0
	sd.s.tenant.View(func(st *tenant.State) { have = st.Size() })
	n := max(o.Mailboxes, 1)
	users := make([]User, 0, n)
	for i := range n {
		b := *o.Bulk
		b.Seed += uint64(i)
		name := fmt.Sprintf("Employee %d", have+i+1)
		users = append(users, User{DisplayName: name, Mailbox: true, AccountEnabled: true, Language: language(o, i), Bulk: &b})
	}
	users, err := sd.s.AddUsers(users...)
	for _, u := range users {
		sd.result.Mailboxes = append(sd.result.Mailboxes, u.ID)
		sd.result.Messages += u.Bulk.Messages
	}
	return err
}

// boxes are the mailboxes that imported mail goes to.
func (sd *seeder) boxes(o SeedOptions) ([]string, error) {
	var have []string
	sd.s.tenant.View(func(st *tenant.State) {
		for _, u := range st.Users() {
			if u.Mailbox {
				have = append(have, u.ID)
			}
		}
	})
	want := o.Mailboxes
	if want == 0 && len(have) == 0 {
		want = 4
	}
	if want == 0 {
		want = len(have)
	}
	if want <= len(have) {
		sd.result.Mailboxes = have[:want]
		return have[:want], nil
	}
	var users []User
	for i := len(have); i < want; i++ {
		users = append(users, User{
			DisplayName: fmt.Sprintf("Colleague %d", i+1), Mailbox: true, AccountEnabled: true, Language: language(o, i),
		})
	}
	users, err := sd.s.AddUsers(users...)
	for _, u := range users {
		have = append(have, u.ID)
	}
	sd.result.Mailboxes = have
	return have, err
}

// Large is a message with one attachment of any size, made or read without being held in memory.
type Large struct {
	Folder  []string `json:"folder"`
	Subject string   `json:"subject"`
	Name    string   `json:"name"`
	// Size bytes that do not compress are made from Seed; or the file at Path is read.
	Size int64  `json:"size"`
	Seed uint64 `json:"seed"`
	Path string `json:"path"`
}

// AddLarge adds such a message.
func (s *Server) AddLarge(mailbox string, l Large) error {
	var content io.Reader
	if l.Path != "" {
		f, err := os.Open(l.Path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		content = f
		l.Name = orElse(l.Name, filepath.Base(l.Path))
	} else {
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[:], l.Seed)
		content = io.LimitReader(rand.NewChaCha8(seed), l.Size)
	}
	blob, err := s.tenant.Blobs.PutReader(content)
	if err != nil {
		return err
	}
	now := tenant.Second(s.tenant.Now())
	m, err := s.message(&corpus.Message{
		Subject: orElse(l.Subject, "A large file"), Body: "The file is attached.", Received: now, Sent: now,
		From:      &corpus.Address{Name: "Sender", Address: "sender@" + s.opts.Domain},
		MessageID: fmt.Sprintf("<large.%d.%s@%s>", l.Seed, blob.Hash[:12], s.opts.Domain),
	}, newContents(s.tenant.Blobs))
	if err != nil {
		return err
	}
	m.Attach(tenant.Attachment{Name: orElse(l.Name, "large.bin"), ContentType: "application/octet-stream", Content: blob, Modified: now})
	return s.tenant.Update(func(tx *tenant.Tx) error {
		mb, err := mailboxOf(tx, mailbox)
		if err != nil {
			return err
		}
		m.Folder = folderAt(tx, mb, l.Folder)
		m.ConversationID, m.ConversationIndex = tenant.Conversation(mb.ID, m.Subject)
		tx.PutMessage(mb.ID, *m, tenant.PropAll)
		return nil
	})
}
