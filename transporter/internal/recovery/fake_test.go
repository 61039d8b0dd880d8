package recovery_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// point is a recovery point in memory.
type point struct {
	folders  []mail.Folder
	messages map[mail.FolderID][]*record.Message
	broken   map[mail.MessageID]error
}

func (p *point) Folders(context.Context) ([]recovery.Folder, error) {
	var out []recovery.Folder
	for _, f := range p.folders {
		out = append(out, recovery.Folder{Folder: f, Messages: int64(len(p.messages[f.ID]))})
	}
	return out, nil
}

func (p *point) Messages(_ context.Context, folder mail.FolderID) iter.Seq2[*record.Message, error] {
	return func(yield func(*record.Message, error) bool) {
		for _, m := range p.messages[folder] {
			kept := *m
			if !yield(&kept, nil) {
				return
			}
		}
	}
}

func (p *point) Message(_ context.Context, folder mail.FolderID, id mail.MessageID) (*record.Message, error) {
	if err := p.broken[id]; err != nil {
		return nil, err
	}
	for _, m := range p.messages[folder] {
		if m.ID == id {
			return m, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no such message")
}

func (p *point) Open(context.Context, record.Content) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("")), nil
}

// mailbox is a target in memory. What fault says happens to a creation: nil, an error before it, or (lost) after it.
type mailbox struct {
	mu       sync.Mutex
	next     int
	folders  []mail.Folder
	messages map[mail.FolderID][]item
	removed  int
	lists    map[mail.FolderID]int
	dead     bool
	// lostFolder is what is answered when a folder was made and the first answer was lost; default that it was made.
	lostFolder func(mail.Folder) (mail.Making, error)
	fault      func(recovery.Item) (before, after error)
	flying     int
	most       int
	// meet makes each creation wait until so many are under way, so that a test sees them together.
	meet    int
	meeting *sync.Cond
}

type item struct {
	mail.Message
	id    recovery.ID
	whole bool
}

func newMailbox(folders ...mail.Folder) *mailbox {
	m := &mailbox{folders: folders, messages: map[mail.FolderID][]item{}, lists: map[mail.FolderID]int{}}
	m.meeting = sync.NewCond(&m.mu)
	return m
}

func (m *mailbox) enter() (func(), error) {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return nil, fault.New(fault.Canceled, "the process is dead")
	}
	return m.mu.Unlock, nil
}

func (m *mailbox) Folders(context.Context) ([]mail.Folder, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	all := slices.Clone(m.folders)
	for i := range all {
		all[i].Total = len(m.messages[all[i].ID])
	}
	return all, nil
}

func (m *mailbox) CreateFolder(_ context.Context, parent mail.FolderID, name string, hidden bool) (mail.Folder, mail.Making, error) {
	leave, err := m.enter()
	if err != nil {
		return mail.Folder{}, mail.WasThere, err
	}
	defer leave()
	for _, f := range m.folders {
		if f.Parent == parent && strings.EqualFold(f.Name, name) {
			return f, mail.WasThere, nil
		}
	}
	m.next++
	f := mail.Folder{ID: mail.FolderID(fmt.Sprintf("made%d", m.next)), Parent: parent, Name: name, Hidden: hidden}
	m.folders = append(m.folders, f)
	if m.lostFolder != nil {
		making, err := m.lostFolder(f)
		return f, making, err
	}
	return f, mail.Made, nil
}

func (m *mailbox) List(_ context.Context, folder mail.FolderID) iter.Seq2[mail.Message, error] {
	return func(yield func(mail.Message, error) bool) {
		leave, err := m.enter()
		if err != nil {
			yield(mail.Message{}, err)
			return
		}
		m.lists[folder]++
		all := slices.Clone(m.messages[folder])
		leave()
		for _, one := range all {
			if !yield(one.Message, nil) {
				return
			}
		}
	}
}

func (m *mailbox) Create(_ context.Context, it recovery.Item) (recovery.Created, error) {
	leave, err := m.enter()
	if err != nil {
		return recovery.Created{}, err
	}
	defer leave()
	m.flying++
	m.most = max(m.most, m.flying)
	m.meeting.Broadcast()
	for m.most < m.meet {
		m.meeting.Wait()
	}
	m.flying--
	var before, after error
	if m.fault != nil {
		before, after = m.fault(it)
	}
	if before != nil {
		return recovery.Created{}, before
	}
	m.next++
	made := it.Message.Message
	made.ID = mail.MessageID(fmt.Sprintf("new%d", m.next))
	made.Folder = it.Folder
	m.messages[it.Folder] = append(m.messages[it.Folder], item{made, it.ID, true})
	return recovery.Created{ID: made.ID}, after
}

func (m *mailbox) Find(_ context.Context, it recovery.Item) (recovery.Found, error) {
	leave, err := m.enter()
	if err != nil {
		return recovery.Found{}, err
	}
	defer leave()
	for _, one := range m.messages[it.Folder] {
		if one.id == it.ID {
			return recovery.Found{ID: one.ID, Whole: one.whole}, nil
		}
	}
	return recovery.Found{}, fault.New(fault.NotFound, "nothing carries that id")
}

func (m *mailbox) Remove(_ context.Context, folder mail.FolderID, id mail.MessageID) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	before := len(m.messages[folder])
	m.messages[folder] = slices.DeleteFunc(m.messages[folder], func(one item) bool { return one.ID == id })
	m.removed += before - len(m.messages[folder])
	return nil
}

func (m *mailbox) Discard(ctx context.Context, folder mail.FolderID, id mail.MessageID) error {
	return m.Remove(ctx, folder, id)
}

// put adds a message that was there before.
func (m *mailbox) put(folder mail.FolderID, msg mail.Message) {
	msg.Folder = folder
	m.messages[folder] = append(m.messages[folder], item{Message: msg})
}

// subjects returns what lies in a folder, sorted.
func (m *mailbox) subjects(folder mail.FolderID) []string {
	var out []string
	for _, one := range m.messages[folder] {
		out = append(out, one.Subject)
	}
	slices.Sort(out)
	return out
}

// at returns the id of the folder with this path of names.
func (m *mailbox) at(path ...string) mail.FolderID {
	var parent mail.FolderID
	for _, name := range path {
		i := slices.IndexFunc(m.folders, func(f mail.Folder) bool { return f.Parent == parent && f.Name == name })
		if i < 0 {
			return "nowhere"
		}
		parent = m.folders[i].ID
	}
	return parent
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// msg is the nth message; its subject says which.
func msg(n int) mail.Message {
	at := epoch.Add(time.Duration(n) * time.Minute)
	return mail.Message{
		ID: mail.MessageID(fmt.Sprintf("m%d", n)), Subject: fmt.Sprintf("s%d", n),
		InternetMessageID: fmt.Sprintf("<%d@example.com>", n), Sent: at, Received: at.Add(time.Second),
	}
}

func kept(n ...int) []*record.Message {
	var out []*record.Message
	for _, i := range n {
		out = append(out, &record.Message{Message: msg(i)})
	}
	return out
}

// losses is an observer that remembers.
type losses struct {
	mu  sync.Mutex
	all []mail.Loss
}

func (*losses) Phase(string) {}
func (l *losses) Lose(one mail.Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, one)
}
