package bundle

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// leastSecret and leastName: what is shorter is in too many words by chance.
const (
	leastSecret = 5
	leastName   = 3
)

// scrubber replaces what must not be told.
type scrubber struct {
	key   []byte
	known *strings.Replacer
}

// address is what looks like one, also quoted and encoded in an URL.
var address = regexp.MustCompile(`[\p{L}\p{N}._%+'&*/=?^{|}~!#$-]+(@|%40)[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*`)

// quoted is what errors quote; subjects and names of folders stand so.
var quoted = regexp.MustCompile(`(subject|folder|message|attachment) \\?"[^"\n]*"`)

func newScrubber(s *store.Store) (*scrubber, error) {
	h := &scrubber{key: make([]byte, 32)}
	if _, err := rand.Read(h.key); err != nil {
		return nil, err
	}
	words := map[string]string{}
	secret := func(text string) {
		if len(text) >= leastSecret {
			words[text] = "[secret]"
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); len(line) >= 16 {
					words[line] = "[secret]"
				}
			}
		}
	}
	err := s.View(func(tx *store.Tx) error {
		if err := h.people(tx, words); err != nil {
			return err
		}
		return secrets(tx, secret)
	})
	if err != nil {
		return nil, err
	}
	// The longest first: a name may begin with another.
	list := make([]string, 0, len(words))
	for w := range words {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(list))
	for _, w := range list {
		pairs = append(pairs, w, words[w])
		if escaped := escape(w); escaped != w {
			pairs = append(pairs, escaped, words[w])
		}
	}
	h.known = strings.NewReplacer(pairs...)
	return h, nil
}

// people notes the names and addresses of mailboxes, of the inventory and of tasks whose mailboxes are there no more.
func (h *scrubber) people(tx *store.Tx, words map[string]string) error {
	note := func(id, name, mail string) {
		if len(name) >= leastName {
			words[name] = h.pseudonym("mailbox", id)
		}
		if len(mail) >= leastName {
			words[mail] = h.pseudonym("mailbox", strings.ToLower(mail))
		}
	}
	for m, err := range store.Mailboxes.All(tx, "") {
		if err != nil {
			return err
		}
		note(string(m.ID), m.Name, m.Address)
	}
	n := 0
	for t, err := range store.Tasks.Backward(tx, "") {
		if err != nil {
			return err
		}
		note(string(t.Mailbox), t.MailboxName, t.MailboxAddress)
		if n++; n > 100*maxTasks {
			break
		}
	}
	for u, err := range store.Users.All(tx, "") {
		if err != nil {
			return err
		}
		if u.Name != "admin" {
			note(u.Name, u.Name, "")
		}
	}
	return nil
}

// secrets calls fn with every secret that the Director knows.
func secrets(tx *store.Tx, fn func(string)) error {
	for a, err := range store.Accounts.All(tx, "") {
		if err != nil {
			return err
		}
		fn(a.Credential.Secret)
		fn(a.Credential.CertificatePassword)
		fn(string(a.Credential.Certificate))
	}
	for r, err := range store.Repositories.All(tx, "") {
		if err != nil {
			return err
		}
		fn(r.Key.Passphrase)
		fn(r.NextKey.Passphrase)
	}
	settings, err := store.Notifications.Get(tx, store.NotificationsKey)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	fn(string(settings.Mail.Password))
	for _, w := range settings.Webhooks {
		fn(string(w.Secret))
		fn(w.URL) // many receivers take whoever knows it
		for _, v := range w.Headers {
			fn(string(v))
		}
	}
	for j, err := range store.Jobs.All(tx, "") {
		if err != nil {
			return err
		}
		for _, s := range []*record.Script{j.Before, j.After} {
			if s == nil {
				continue
			}
			for _, a := range s.Arguments {
				fn(a)
			}
			for _, v := range s.Environment {
				fn(v)
			}
		}
	}
	return nil
}

// pseudonym is the same for the same in one bundle.
func (h *scrubber) pseudonym(what, id string) string {
	sum := hmac.New(sha256.New, h.key)
	sum.Write([]byte(what + "/" + id))
	return what + "-" + hex.EncodeToString(sum.Sum(nil)[:6])
}

// text returns a text without what must not be told.
func (h *scrubber) text(s string) string {
	s = h.known.Replace(s)
	s = quoted.ReplaceAllString(s, `$1 [hidden]`)
	return address.ReplaceAllStringFunc(s, func(a string) string { return h.pseudonym("address", strings.ToLower(a)) })
}

// escape is how JSON writes a text.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(s)
}
