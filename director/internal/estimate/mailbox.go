package estimate

import (
	"fmt"
	"math"
	"time"

	"holdfast/director/internal/record"
)

// Requests for a message: of mail without attachments, of mail of which three in ten have some, and where all have. The
// first two were measured (docs/benchmarks.md, graph.requests_per_1000_plain and …_mixed); the last is a request more for each.
var perMessage = span{0.0063, 0.306, 1.0063}

// latency is how long Microsoft takes for a request, in seconds: the least is that of the benchmarks, the others are a
// guess that holds for a long way and a busy hour.
var latency = span{0.08, 0.25, 1}

// changed is the share of messages that are new or changed in a run after the first.
var changed = span{0, 0.02, 0.1}

// spread is how much shorter and longer than the last a run may be that goes as that did.
var spread = span{0.6, 1, 2}

const (
	// bytesPerMessage is the mean of the corpus of 60,000 messages that repositories were measured with.
	bytesPerMessage = 70_000
	// usualFolders is how many folders a mailbox is taken to have that was not measured; perFolder are the requests for
	// the first and the last page of each, and perMailbox those for the list of them.
	usualFolders = 20
	perFolder    = 2
	perMailbox   = 3
	// Microsoft's limits for an app and mailbox.
	inFlight  = 4
	perWindow = 10_000
	window    = 10 * time.Minute
)

// span is a value at its least, as it is likely, and at its most.
type span [3]float64

const (
	least = iota
	likely
	most
)

// task is what a run takes for one mailbox; took is in seconds.
type task struct {
	took                      span
	messages, bytes, requests int64
}

// knowledge is what the known mailboxes tell of the others.
type knowledge struct {
	evidence                bool
	known, unknown          int
	usuals                  int
	messages, folders, size float64 // means: of a mailbox, and bytes of a message
	// speed is seconds for a message, asked requests for a message, in runs that read all; 0 where none did.
	speed, asked float64
}

func learn(w Work) knowledge {
	k := knowledge{evidence: w.Evidence, size: bytesPerMessage, folders: usualFolders}
	var messages, folders, counted, read, took, bytes, requests float64
	for i := range w.Mailboxes {
		m := &w.Mailboxes[i]
		if m.Usual.Known() {
			k.usuals++
		}
		if !m.Known {
			k.unknown++
			continue
		}
		k.known++
		messages += float64(m.Messages)
		if m.Folders > 0 {
			folders += float64(m.Folders)
			counted++
		}
		if whole(&m.Full) {
			read += float64(m.Full.Messages)
			took += m.Full.Took.Seconds()
			bytes += float64(m.Full.BytesRead)
			requests += float64(m.Full.Requests)
		}
	}
	if k.known > 0 {
		k.messages = messages / float64(k.known)
	}
	if counted > 0 {
		k.folders = folders / counted
	}
	if read > 0 {
		k.speed, k.asked = took/read, requests/read
		if bytes > 0 {
			k.size = bytes / read
		}
	}
	return k
}

// whole reports whether an effort tells anything of messages.
func whole(e *record.Effort) bool { return e.Known() && e.Messages > 0 }

// content returns the messages and folders of a mailbox.
func (k *knowledge) content(m *Mailbox) (messages, folders float64) {
	messages, folders = k.messages, k.folders
	if m.Known {
		messages = float64(m.Messages)
	}
	if m.Folders > 0 {
		folders = float64(m.Folders)
	}
	return messages, folders
}

// full returns what reading a mailbox whole takes.
func (k *knowledge) full(m *Mailbox) task {
	messages, folders := k.content(m)
	t := k.read(m, span{messages, messages, messages}, folders)
	t.messages, t.bytes = int64(messages), round(messages*k.size)
	if whole(&m.Full) {
		grown := messages / float64(m.Full.Messages)
		t.requests, t.bytes = round(float64(m.Full.Requests)*grown), round(float64(m.Full.BytesRead)*grown)
		t.took = like(m, m.Full.Took.Seconds()*grown, t.requests)
	}
	return t
}

// usual returns what a run after the first takes.
func (k *knowledge) usual(m *Mailbox) task {
	if u := &m.Usual; u.Known() {
		return task{like(m, u.Took.Seconds(), u.Requests), u.Changed, u.BytesRead, u.Requests}
	}
	messages, folders := k.content(m)
	var few span
	for i := range few {
		few[i] = messages * changed[i]
	}
	t := k.read(m, few, folders)
	t.messages, t.bytes = round(few[likely]), round(few[likely]*k.size)
	return t
}

// like is a run that goes as an earlier one did, as Microsoft's limits allow.
func like(m *Mailbox, seconds float64, requests int64) (took span) {
	bound := limited(m.Limits, float64(requests))
	for i := range took {
		took[i] = max(bound, seconds*spread[i])
	}
	return took
}

// read returns what reading so many messages takes, of which no run tells.
func (k *knowledge) read(m *Mailbox, messages span, folders float64) (t task) {
	each := perMessage
	if k.asked > 0 {
		each[likely] = min(max(k.asked, each[least]), each[most])
	}
	for i := range t.took {
		requests := perMailbox + perFolder*folders + messages[i]*each[i]
		if k.evidence && (k.asked == 0 || i != likely) { // what was asked for has them
			requests += messages[i]
		}
		if i == likely {
			t.requests = round(requests)
		}
		t.took[i] = max(requests*latency[i]/float64(atOnce(m.Limits)), limited(m.Limits, requests))
	}
	if k.speed > 0 {
		t.took[likely] = min(max(t.took[least], messages[likely]*k.speed), t.took[most])
	}
	return t
}

func atOnce(l record.Limits) int32 {
	if l.InFlight > 0 {
		return l.InFlight
	}
	return inFlight
}

// limited returns how many seconds pass at least before Microsoft has let that many requests of a mailbox through: the
// first of its windows is open at once.
func limited(l record.Limits, requests float64) float64 {
	each, length := float64(perWindow), window.Seconds()
	if l.PerWindow > 0 {
		each = float64(l.PerWindow)
	}
	if l.WindowSeconds > 0 {
		length = float64(l.WindowSeconds)
	}
	return max(0, math.Ceil(requests/each)-1) * length
}

// round is a count that may be too large for one.
func round(f float64) int64 { return int64(min(f+0.5, 1<<60)) }

// assumed says what was taken for granted.
func (k *knowledge) assumed(mailboxes int) []string {
	list := []string{fmt.Sprintf("for each mailbox, %d requests at once and %d,%03d in %d minutes, as Microsoft allows, or what its account says", inFlight, perWindow/1000, perWindow%1000, int(window.Minutes()))}
	if k.unknown > 0 {
		list = append(list, fmt.Sprintf("%d of %d mailboxes are like the mean of the %d that are known", k.unknown, mailboxes, k.known))
	}
	if k.speed > 0 {
		list = append(list, fmt.Sprintf("mail that no run has read takes as long as that which earlier runs read whole: %.1f messages a second for each mailbox", 1/k.speed))
	} else {
		list = append(list, "three of ten messages have attachments: 306 requests for 1,000 messages; at least 6, at most 1,006",
			"a request takes a quarter of a second; at least 80 ms, at most a second",
			fmt.Sprintf("a message has %d kB", bytesPerMessage/1000))
	}
	if k.evidence {
		list = append(list, "the original of each message is read too, a request more for each")
	}
	if k.usuals < mailboxes {
		list = append(list, "where no run tells, two of a hundred messages are new or changed in a run after the first; at most ten")
	}
	return append(list, "disks, and the way from a Transporter to the repository, are no slower than Microsoft")
}
