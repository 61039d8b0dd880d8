package ferry_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/ferry"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
)

// vault is a session that knows whether it was closed.
type vault struct {
	backup.Vault
	closed chan struct{}
}

func (v *vault) State() backup.State { return backup.State{Base: "base"} }

func (v *vault) Close() error {
	close(v.closed)
	return nil
}

// member returns the credentials of a Transporter of the authority.
func member(t *testing.T, a *identity.Authority, id string) func() identity.Credentials {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := key.CertificateRequest()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, identity.Transporter("inst", id), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := identity.Credentials{Key: key, Certificate: cert, CA: a.Certificate()}
	return func() identity.Credentials { return c }
}

// ferries returns that of the Transporter with the repository, and one of another Transporter.
func ferries(t *testing.T, change func(*ferry.Options)) (keep, pull *ferry.Ferry, sessions chan *vault) {
	t.Helper()
	a, err := identity.NewAuthority("inst", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sessions = make(chan *vault, 10)
	o := ferry.Options{
		Host: "127.0.0.1", First: 19600, Last: 19699, Credentials: member(t, a, "keep"), Logger: hclog.NewNullLogger(),
		Vault: func(context.Context, string, record.BackupKey, record.RunID) (backup.Vault, error) {
			v := &vault{closed: make(chan struct{})}
			sessions <- v
			return v, nil
		},
	}
	if change != nil {
		change(&o)
	}
	keep = ferry.New(o)
	t.Cleanup(keep.CloseAll)
	pull = ferry.New(ferry.Options{First: 1, Last: 1, Credentials: member(t, a, "pull"), Logger: hclog.NewNullLogger()})
	return keep, pull, sessions
}

func request(task string) ferry.Request {
	return ferry.Request{Task: task, Repository: "r", Source: "pull"}
}

func at(o ferry.Opened) work.RemoteVault {
	return work.RemoteVault{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)), TransporterID: "keep", Token: o.Token}
}

func open(t *testing.T, f *ferry.Ferry, task string) ferry.Opened {
	t.Helper()
	o, err := f.Open(request(task))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestANewTransferClosesTheSessionOfTheEarlierOne(t *testing.T) {
	keep, pull, sessions := ferries(t, nil)
	v, err := pull.Dial(t.Context(), at(open(t, keep, "task")), "run")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	first := <-sessions
	open(t, keep, "another task")
	select {
	case <-first.closed:
		t.Fatal("a transfer for another task closed it")
	default:
	}
	again := open(t, keep, "task")
	select {
	case <-first.closed:
	default:
		t.Error("when the new transfer is open the old session still is")
	}
	w, err := pull.Dial(t.Context(), at(again), "run")
	if err != nil || w.State().Base != "base" {
		t.Fatalf("the new transfer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	<-(<-sessions).closed
}

func TestATransferThatNobodyUsesEndsByItself(t *testing.T) {
	keep, pull, _ := ferries(t, func(o *ferry.Options) { o.Idle = 50 * time.Millisecond })
	o := open(t, keep, "task")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at(o).Address)
		if err != nil {
			break
		}
		conn.Close()
		<-time.After(100 * time.Millisecond) // opening a connection is no use: no byte came
	}
	if ctx.Err() != nil {
		t.Fatal("the port stays open")
	}
	if _, err := pull.Dial(t.Context(), at(o), "run"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("dialling it gives %v, want Unavailable", err)
	}
}

func TestPortsThatAreTakenArePassedOver(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:19600")
	if err != nil {
		t.Skip("port 19600 is in use")
	}
	defer busy.Close()
	keep, _, _ := ferries(t, func(o *ferry.Options) { o.Last = 19601 })
	if o := open(t, keep, "a"); o.Port != 19601 {
		t.Errorf("opened %d, want 19601", o.Port)
	}
	if _, err := keep.Open(request("b")); !errors.Is(err, fault.Exhausted) {
		t.Errorf("without a free port: %v, want Exhausted", err)
	}
	o := open(t, keep, "a") // closes its own first, and so has a port
	keep.Close(o.ID)
	open(t, keep, "b")
	keep.CloseAll()
	if _, err := keep.Open(request("c")); !errors.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v, want Unavailable", err)
	}
}
