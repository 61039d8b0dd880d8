package transfer_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/backup/vaulttest"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/transfer"
)

// site is two Transporters of one installation on loopback.
type site struct {
	t              testing.TB
	source, target func() identity.Credentials
}

func newSite(t testing.TB) *site {
	t.Helper()
	a, err := identity.NewAuthority("site", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	party := func(id string) func() identity.Credentials {
		key, err := identity.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		request, err := key.CertificateRequest()
		if err != nil {
			t.Fatal(err)
		}
		cert, err := a.Sign(request, identity.Transporter("site", id), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return func() identity.Credentials {
			return identity.Credentials{Key: key, Certificate: cert, CA: a.Certificate()}
		}
	}
	return &site{t: t, source: party("source"), target: party("target")}
}

// opened is an open transfer.
type opened struct {
	server  *transfer.Server
	address string
	token   []byte
	kill    func() // cuts all connections
}

// open serves a transfer until the test ends, or it is killed.
func (s *site) open(begin func(context.Context, record.RunID) (backup.Vault, error)) *opened {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	o := &opened{address: l.Addr().String(), token: []byte(rand.Text())}
	o.server = transfer.NewServer(transfer.Options{Token: o.token, Begin: begin})
	server := rpc.NewServer(identity.ServerTLS(s.target, func(u identity.URI) bool {
		return u == identity.Transporter("site", "source")
	}), nil)
	o.server.Register(server)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l, 0) }()
	o.kill = server.Stop
	s.t.Cleanup(func() {
		if err := o.server.Close(); err != nil {
			s.t.Error(err)
		}
		stop()
		<-done
	})
	return o
}

func (s *site) dial(o *opened) (*transfer.Client, error) {
	return transfer.Dial(s.t.Context(), o.address, identity.ClientTLS(s.source, identity.Transporter("site", "target")), o.token, "run")
}

func newRepository(t testing.TB) *repository.Repository {
	t.Helper()
	r, err := repository.Create(t.Context(), repository.Options{Path: t.TempDir(), Name: "vault", Level: repository.Fast})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

var key = record.BackupKey{Account: "account", Mailbox: "mailbox", Job: "job"}

func into(r *repository.Repository) func(context.Context, record.RunID) (backup.Vault, error) {
	return func(ctx context.Context, run record.RunID) (backup.Vault, error) { return r.Begin(ctx, key, run) }
}

func TestATransferIsAVault(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) *vaulttest.Store {
		r, s := newRepository(t), newSite(t)
		return &vaulttest.Store{
			Begin: func(ctx context.Context, k record.BackupKey, run record.RunID) (backup.Vault, error) {
				o := s.open(func(ctx context.Context, run record.RunID) (backup.Vault, error) { return r.Begin(ctx, k, run) })
				return transfer.Dial(ctx, o.address, identity.ClientTLS(s.source, identity.Transporter("site", "target")), o.token, run)
			},
			Read: func(ctx context.Context, id record.PointID) (*vaulttest.Contents, error) {
				return vaulttest.Read(ctx, r, id)
			},
		}
	})
}

func piece(b byte, n int) (record.Hash, []byte) {
	data := make([]byte, n)
	for i := range data {
		data[i] = b + byte(i*i>>3)
	}
	return record.Sum(data), data
}

func TestAGonePeerIsUnavailableAndTheSessionFree(t *testing.T) {
	r, s := newRepository(t), newSite(t)
	o := s.open(into(r))
	c, err := s.dial(o)
	if err != nil {
		t.Fatal(err)
	}
	hash, data := piece(1, 1000)
	if err := c.Put(t.Context(), hash, data); err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(t.Context(), backup.Checkpoint{Folder: "f", Cursor: "1", Full: true}); err != nil {
		t.Fatal(err)
	}
	o.kill()
	<-o.server.Done()
	for name, call := range map[string]func() error{
		"Have": func() error { _, err := c.Have(t.Context(), []record.Hash{hash}); return err },
		"Put": func() error {
			return errors.Join(c.Put(t.Context(), hash, data), c.Commit(t.Context(), backup.Checkpoint{}))
		},
		"Lookup": func() error {
			_, err := c.Lookup(t.Context(), nil)
			_, err2 := c.Pending(t.Context(), 1)
			return errors.Join(err, err2)
		},
		"Commit":  func() error { return c.Commit(t.Context(), backup.Checkpoint{Folder: "f", Cursor: "2"}) },
		"Pending": func() error { _, err := c.Pending(t.Context(), 5); return err },
		"Seal":    func() error { _, err := c.Seal(t.Context(), backup.Summary{Run: "run"}); return err },
	} {
		if err := call(); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: got %v (%v)", name, err, fault.KindOf(err))
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	again, err := s.dial(s.open(into(r)))
	if err != nil {
		t.Fatalf("the task cannot be started again: %v", err)
	}
	defer again.Close()
	if state := again.State(); !state.Resumed || len(state.Folders) != 1 || state.Folders[0].Cursor != "1" {
		t.Errorf("state %+v", state)
	}
}

func TestAVanishedClientFreesTheSession(t *testing.T) {
	r, s := newRepository(t), newSite(t)
	o := s.open(into(r))
	ctx, vanish := context.WithCancel(t.Context())
	conn, err := rpc.Dial(o.address, identity.ClientTLS(s.source, identity.Transporter("site", "target")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Begin(ctx, conn, o.token, "run"); err != nil {
		t.Fatal(err)
	}
	vanish() // does not end the session, which outlives the context that it began under
	conn.Close()
	<-o.server.Done()
	c, err := s.dial(s.open(into(r)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestATransferServesOnePeerOnce(t *testing.T) {
	r, s := newRepository(t), newSite(t)
	o := s.open(into(r))
	forged := *o
	forged.token = []byte("guessed")
	if _, err := s.dial(&forged); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("a wrong token: %v", err)
	}
	forged.token = nil
	if _, err := s.dial(&forged); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("no token: %v", err)
	}
	c, err := s.dial(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.dial(o); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second session: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	<-o.server.Done()
	if _, err := s.dial(o); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after the end: %v", err)
	}
	other := newSite(t)
	if _, err := other.dial(s.open(into(r))); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a peer of another installation: %v", err)
	}
}

func TestTheVaultsFaultsKeepTheirKind(t *testing.T) {
	s := newSite(t)
	for _, kind := range []fault.Kind{fault.Conflict, fault.Exhausted, fault.Corrupt, fault.Invalid, fault.Unavailable} {
		o := s.open(func(context.Context, record.RunID) (backup.Vault, error) { return nil, fault.New(kind, "no") })
		if _, err := s.dial(o); fault.KindOf(err) != kind {
			t.Errorf("Begin: got %v, want %v", err, kind)
		}
		o = s.open(func(context.Context, record.RunID) (backup.Vault, error) { return failing{kind: kind}, nil })
		c, err := s.dial(o)
		if err != nil {
			t.Fatal(err)
		}
		var putErr error
		for i := range 200 { // until the answer is back
			hash, data := piece(byte(i), 100_000)
			if putErr = c.Put(t.Context(), hash, data); putErr != nil {
				break
			}
		}
		if commitErr := c.Commit(t.Context(), backup.Checkpoint{}); fault.KindOf(commitErr) != kind {
			t.Errorf("Put and Commit: got %v, %v, want %v", putErr, commitErr, kind)
		}
		if _, err := c.Have(t.Context(), []record.Hash{{}}); fault.KindOf(err) != kind {
			t.Errorf("Have: got %v, want %v", err, kind)
		}
		c.Close()
	}
}

type failing struct {
	backup.Vault
	kind fault.Kind
}

func (f failing) State() backup.State { return backup.State{} }
func (f failing) Have(context.Context, []record.Hash) ([]bool, error) {
	return nil, fault.New(f.kind, "no Have")
}

func (f failing) Put(context.Context, record.Hash, []byte) error { return fault.New(f.kind, "no Put") }
func (f failing) Close() error                                   { return nil }

func TestAPeerThatTakesNothingDoesNotHoldUs(t *testing.T) {
	s := newSite(t)
	free := make(chan struct{})
	o := s.open(func(context.Context, record.RunID) (backup.Vault, error) { return stuck{free: free}, nil })
	c, err := s.dial(o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer close(free)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, data := piece(1, record.MaxPiece)
	for i := range 100 {
		if i == 1 {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		data[0] = byte(i)
		if err = c.Put(ctx, record.Sum(data), data); err != nil {
			break
		}
	}
	if fault.KindOf(err) != fault.Canceled {
		t.Errorf("got %v", err)
	}
}

type stuck struct {
	backup.Vault
	free chan struct{}
}

func (s stuck) State() backup.State { return backup.State{} }
func (s stuck) Put(ctx context.Context, _ record.Hash, _ []byte) error {
	select {
	case <-s.free:
	case <-ctx.Done():
	}
	return nil
}
func (s stuck) Close() error { return nil }

// sink takes pieces and forgets them.
type sink struct{ failing }

func (sink) Put(context.Context, record.Hash, []byte) error  { return nil }
func (sink) Commit(context.Context, backup.Checkpoint) error { return nil }

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{10 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := newSite(b)
			c, err := s.dial(s.open(func(context.Context, record.RunID) (backup.Vault, error) { return sink{}, nil }))
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			_, data := piece(1, size)
			b.SetBytes(int64(size))
			i := 0
			for b.Loop() {
				i++
				data[0], data[1], data[2] = byte(i), byte(i>>8), byte(i>>16)
				if err := c.Put(b.Context(), record.Sum(data), data); err != nil {
					b.Fatal(err)
				}
			}
			if err := c.Commit(b.Context(), backup.Checkpoint{}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
