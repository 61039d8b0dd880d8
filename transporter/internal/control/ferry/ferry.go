// Package ferry opens and closes the ports through which another Transporter puts a backup into a repository here: one
// port, one token and one session for one task. It owns the ports and their lifetime; what is said on them is package
// transfer's.
package ferry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/transfer"
)

const (
	// defaultIdle is how long a transfer lives that nobody uses (control API).
	defaultIdle = 10 * time.Minute
	// lastAnswers is how long the answers of a transfer that is closed may take.
	lastAnswers = 2 * time.Second
	tokenSize   = 32
)

// Options make a Ferry. Fields without a stated default are required.
type Options struct {
	// Host is bound; empty for all addresses.
	Host string
	// First and Last bound the ports.
	First, Last int
	Credentials func() identity.Credentials
	// Vault begins a session in a repository here.
	Vault func(ctx context.Context, repository string, key record.BackupKey, run record.RunID) (backup.Vault, error)
	// Idle is after how long a transfer that nobody uses ends; default ten minutes.
	Idle   time.Duration
	Logger hclog.Logger
}

// Request is a transfer to be opened.
type Request struct {
	Task       string
	Repository string
	Key        record.BackupKey
	// Source is the Transporter that will dial.
	Source string
}

// Opened is where to dial, and the token that must be shown.
type Opened struct {
	ID    string
	Port  int
	Token []byte
}

// Ferry holds the open transfers. Its methods may be called by many goroutines.
type Ferry struct {
	o Options

	mu     sync.Mutex
	open   map[string]*crossing
	next   int // port to try first
	closed bool
}

// crossing is one open port.
type crossing struct {
	id     string
	task   string
	cancel context.CancelFunc
	done   chan struct{}
}

// New returns a ferry without transfers.
func New(o Options) *Ferry {
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	return &Ferry{o: o, open: map[string]*crossing{}, next: o.First}
}

// Open opens a port. An earlier transfer for the same task is closed first, and its session with it.
func (f *Ferry) Open(r Request) (Opened, error) {
	if r.Task == "" || r.Source == "" || r.Repository == "" {
		return Opened{}, fault.InvalidField("task_id", "a transfer needs a task, a source and a repository")
	}
	for _, old := range f.of(r.Task) {
		f.Close(old)
	}
	own, err := f.o.Credentials().Name()
	if err != nil {
		return Opened{}, err
	}
	source := identity.Transporter(own.Installation(), r.Source)
	id, token := make([]byte, 16), make([]byte, tokenSize)
	rand.Read(id)
	rand.Read(token)
	t := &crossing{id: hex.EncodeToString(id), task: r.Task, done: make(chan struct{})}

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return Opened{}, fault.New(fault.Unavailable, "the Transporter is shutting down")
	}
	l, port, err := f.listen()
	if err != nil {
		return Opened{}, err
	}
	server := rpc.NewServer(identity.ServerTLS(f.o.Credentials, func(peer identity.URI) bool { return peer == source }), f.o.Logger)
	session := transfer.NewServer(transfer.Options{
		Token: token,
		Begin: func(ctx context.Context, run record.RunID) (backup.Vault, error) {
			return f.o.Vault(ctx, r.Repository, r.Key, run)
		},
	})
	session.Register(server)
	life, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	f.open[t.id] = t
	go func() {
		defer close(t.done)
		defer cancel()
		f.serve(life, server, session, newWatched(l, f.o.Idle), r.Task)
		f.mu.Lock()
		delete(f.open, t.id)
		f.mu.Unlock()
		f.o.Logger.Debug("transfer closed", "task", r.Task, "port", port)
	}()
	f.o.Logger.Debug("transfer opened", "task", r.Task, "port", port, "source", r.Source)
	return Opened{ID: t.id, Port: port, Token: token}, nil
}

// serve serves one transfer until its session is over, nobody uses it any more, or life ends. Before it returns, session
// and port are closed.
func (f *Ferry) serve(life context.Context, server *rpc.Server, session *transfer.Server, l *watched, task string) {
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() {
		if err := server.Run(serving, l, lastAnswers); err != nil {
			f.o.Logger.Warn("transfer port ended", "task", task, "error", err)
		}
		stop()
	})
	idle := make(chan struct{})
	all.Go(func() { l.watch(serving, func() { close(idle) }) })
	select {
	case <-life.Done():
	case <-session.Done():
	case <-idle:
		f.o.Logger.Info("transfer closed because nobody used it", "task", task)
	case <-serving.Done():
	}
	if err := session.Close(); err != nil {
		f.o.Logger.Warn("session of a transfer not closed", "task", task, "kind", fault.KindOf(err).Error())
	}
	stop()
	all.Wait()
}

// of returns the transfers of a task.
func (f *Ferry) of(task string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for id, t := range f.open {
		if t.task == task {
			ids = append(ids, id)
		}
	}
	return ids
}

// Close ends a transfer and its session, and returns when both are gone. One that is not open is no error.
func (f *Ferry) Close(id string) {
	f.mu.Lock()
	t, ok := f.open[id]
	f.mu.Unlock()
	if ok {
		t.cancel()
		<-t.done
	}
}

// CloseAll ends all transfers and opens no more.
func (f *Ferry) CloseAll() {
	f.mu.Lock()
	f.closed = true
	var ids []string
	for id, t := range f.open {
		t.cancel() // all at once, then wait
		ids = append(ids, id)
	}
	f.mu.Unlock()
	for _, id := range ids {
		f.Close(id)
	}
}

// listen takes the next free port of the range. The caller holds mu.
func (f *Ferry) listen() (net.Listener, int, error) {
	n := f.o.Last - f.o.First + 1
	for range n {
		port := f.next
		if f.next++; f.next > f.o.Last {
			f.next = f.o.First
		}
		l, err := net.Listen("tcp", net.JoinHostPort(f.o.Host, strconv.Itoa(port)))
		if err == nil {
			return l, port, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			return nil, 0, fault.New(fault.Unavailable, "cannot listen for a transfer on %s: %w", f.o.Host, err)
		}
	}
	return nil, 0, fault.New(fault.Exhausted, "all ports from %d to %d are in use on this Transporter", f.o.First, f.o.Last)
}
