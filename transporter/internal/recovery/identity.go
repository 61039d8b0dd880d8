package recovery

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/mail"
)

// key is a short hash, so that a folder of a million messages fits in memory.
type key [16]byte

func hashOf(parts ...string) key {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return key(h.Sum(nil)[:16])
}

// identityOf returns what makes a message the same message (see the package's doc).
func identityOf(m *mail.Message) key {
	sent, received := stamp(m.Sent), stamp(m.Received)
	if id := strings.TrimSpace(m.InternetMessageID); id != "" {
		return hashOf("id", id, sent, received)
	}
	var from string
	if m.From != nil {
		from = strings.ToLower(m.From.Address)
	}
	return hashOf("content", m.Subject, from, sent, received)
}

// stamp is a time to the second, which is all that Graph keeps of a message's dates.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// sourceKey names a kept message within its recovery.
func sourceKey(folder mail.FolderID, id mail.MessageID) key {
	return hashOf(string(folder), string(id))
}

// recoveryID is the mark of one try to create one kept message. Tries have different marks, so that what an earlier one
// left and was thrown away is never taken for a later one's.
func recoveryID(task string, source key, try int) ID {
	k := hashOf("recovery", task, string(source[:]), string(rune('0'+try)))
	return ID(hex.EncodeToString(k[:]))
}

// pool is the messages of one target folder that no kept message has claimed yet.
type pool struct{ free map[key][]mail.MessageID }

func newPool() *pool { return &pool{free: map[key][]mail.MessageID{}} }

func (p *pool) add(m *mail.Message) {
	k := identityOf(m)
	p.free[k] = append(p.free[k], m.ID)
}

// claim takes the message that is the kept one m: itself if it is still there, else one with the same identity that ours
// accepts. It returns false when there is none.
func (p *pool) claim(m *mail.Message, ours func(mail.MessageID) bool) (mail.MessageID, bool) {
	k := identityOf(m)
	ids := p.free[k]
	i := slices.Index(ids, m.ID)
	if i < 0 {
		i = slices.IndexFunc(ids, ours)
	}
	if i < 0 {
		return "", false
	}
	id := ids[i]
	p.free[k] = slices.Delete(ids, i, i+1)
	return id, true
}
