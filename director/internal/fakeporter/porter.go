package fakeporter

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
)

// Porter is one Transporter. What is on its disk (key, certificate, repositories) survives Kill, what is in its memory
// (tasks, transfers, what is attached) does not.
type Porter struct {
	World *World
	// Behave says what a task does; nil lets every task succeed at once. Set it before the task is started.
	Behave func(*transporterv1.StartTaskRequest) Plan
	// Max is its limit of tasks; zero means 8.
	Max int32
	// Life is how long its certificate says that it lasts; zero says the truth.
	Life time.Duration
	// Refuse, when it returns an error for a method ("StartTask"), is what the call gets.
	Refuse func(method string) error

	tb      testing.TB
	key     *identity.Key
	code    pairing.Code
	address string

	mu      sync.Mutex
	paired  *paired
	server  *serving
	started time.Time
	tasks   map[string]*task
	life    context.Context // of the process
	die     context.CancelFunc
	calls   map[string]int
	renewed int
	lose    string
}

// paired is what pairing leaves on the disk.
type paired struct {
	id, director    string
	certificate, ca []byte
}

// serving is a running server.
type serving struct {
	stop context.CancelFunc
	done chan struct{}
}

// New starts an unpaired Transporter, which ends with the test.
func New(tb testing.TB, w *World) *Porter {
	tb.Helper()
	p := &Porter{World: w, tb: tb, calls: map[string]int{}}
	var err error
	if p.key, err = identity.NewKey(); err != nil {
		tb.Fatal(err)
	}
	bootstrap, err := p.key.SelfSigned("transporter", nil, time.Now(), time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	if p.code, err = pairing.New(identity.Fingerprint(bootstrap)); err != nil {
		tb.Fatal(err)
	}
	p.paired = &paired{certificate: bootstrap}
	p.Start()
	tb.Cleanup(p.Kill)
	return p
}

// Address returns where it serves; the same after a restart.
func (p *Porter) Address() string { return p.address }

// Code returns its pairing code.
func (p *Porter) Code() string { return p.code.String() }

// ID returns the id that the Director gave it.
func (p *Porter) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paired.id
}

// Calls returns how often a method was called, over all its lives.
func (p *Porter) Calls(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[method]
}

// Start starts the process, with an empty memory.
func (p *Porter) Start() {
	p.mu.Lock()
	p.tasks, p.started = map[string]*task{}, time.Now()
	p.life, p.die = context.WithCancel(context.Background())
	p.mu.Unlock()
	p.Mend()
}

// Kill ends the process at once, as kill -9 does.
func (p *Porter) Kill() {
	p.Cut()
	p.mu.Lock()
	p.die()
	tasks := p.tasks
	p.tasks = map[string]*task{}
	id := p.paired.id
	p.mu.Unlock()
	p.World.died(id)
	for _, t := range tasks {
		<-t.gone
	}
}

// Cut ends all connections and refuses new ones; tasks go on.
func (p *Porter) Cut() {
	p.mu.Lock()
	s := p.server
	p.server = nil
	p.mu.Unlock()
	if s != nil {
		s.stop()
		<-s.done
	}
}

// Mend serves again.
func (p *Porter) Mend() {
	address := p.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := listenAgain(address)
	if err != nil {
		p.tb.Errorf("fake Transporter: %v", err)
		return
	}
	p.address = l.Addr().String()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve(l)
}

// listenAgain waits for connections of an earlier life to let go of the port.
func listenAgain(address string) (net.Listener, error) {
	deadline := time.Now().Add(10 * time.Second)
	for {
		l, err := net.Listen("tcp", address)
		if err == nil || time.Now().After(deadline) {
			return l, err
		}
		<-time.After(5 * time.Millisecond)
	}
}

// serve starts the server that its state calls for; p.mu is held.
func (p *Porter) serve(l net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s := &serving{stop: stop, done: make(chan struct{})}
	p.server = s
	var server *rpc.Server
	if p.paired.id == "" {
		server = rpc.NewServer(bootstrapTLS(p), nil)
		transporterv1.RegisterPairingServiceServer(server, &pairingService{p: p})
	} else {
		director := identity.URI(p.paired.director)
		server = rpc.NewServer(identity.ServerTLS(p.credentials, func(u identity.URI) bool { return u == director }), nil)
		transporterv1.RegisterControlServiceServer(server, &control{p: p})
	}
	go func() {
		defer close(s.done)
		_ = server.Run(ctx, l, 0)
	}()
}

func (p *Porter) credentials() identity.Credentials {
	p.mu.Lock()
	defer p.mu.Unlock()
	return identity.Credentials{Key: p.key, Certificate: p.paired.certificate, CA: p.paired.ca}
}

// called counts a call and returns what the test wants it to get.
func (p *Porter) called(method string) error {
	p.mu.Lock()
	p.calls[method]++
	refuse := p.Refuse
	p.mu.Unlock()
	if refuse != nil {
		return refuse(method)
	}
	return nil
}

// LoseAnswer breaks the connection once, after the method did its work and before its answer arrives.
func (p *Porter) LoseAnswer(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = method
}

// answered returns what is left of an answer.
func (p *Porter) answered(method string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lose != method {
		return nil
	}
	p.lose = ""
	return fault.New(fault.Unavailable, "the connection broke")
}

// Attached returns how many repositories it has attached.
func (p *Porter) Attached() int { return len(p.status().GetRepositoriesAttached()) }

// SetRefuse changes Refuse while the Transporter serves.
func (p *Porter) SetRefuse(refuse func(string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Refuse = refuse
}

// SetBehave changes Behave while the Transporter serves.
func (p *Porter) SetBehave(behave func(*transporterv1.StartTaskRequest) Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Behave = behave
}

// Renewed returns how often its certificate was renewed.
func (p *Porter) Renewed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.renewed
}

func (p *Porter) status() *transporterv1.GetStatusResponse {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &transporterv1.GetStatusResponse{
		TransporterId: p.paired.id, Version: "fake", Hostname: "fake-host", Os: "linux", Arch: "amd64",
		Now: timestamppb.Now(), Started: timestamppb.New(p.started), TasksMax: p.Max,
		CertificateExpires: timestamppb.New(time.Now().Add(identity.LeafValidity)),
	}
	if p.Life > 0 && p.renewed == 0 {
		s.CertificateExpires = timestamppb.New(time.Now().Add(p.Life))
	}
	if s.TasksMax == 0 {
		s.TasksMax = 8
	}
	for _, t := range p.tasks {
		if !ended(t.state.GetStatus()) {
			s.TasksRunning++
		}
	}
	p.World.mu.Lock()
	defer p.World.mu.Unlock()
	for _, r := range p.World.repositories {
		if r.attachedTo == p.paired.id {
			s.RepositoriesAttached = append(s.RepositoriesAttached, r.info.GetId())
		}
	}
	return s
}

func errUnknownTask(id string) error { return fault.New(fault.NotFound, "task %s is not known", id) }

func owner(porter, id string, attempt int32) string {
	return fmt.Sprintf("%s/%s#%d", porter, id, attempt)
}
