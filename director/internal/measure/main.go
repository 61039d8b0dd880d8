// Command measure is a Transporter that only pretends to work: its tenant has as many mailboxes as it is told, its tasks go on
// until it ends. With it, a Director can be measured alone. It says on its standard output, in JSON lines, where it is, and
// when so many tasks run for the first time. It ends with its standard input. `make bench` starts it; it is not installed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"

	"holdfast/director/internal/fakeporter"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Secret of the tenant's application.
const secret = "secret"

// said is a line of its output.
type said struct {
	Address string `json:"address,omitempty"`
	Code    string `json:"code,omitempty"`
	Tenant  string `json:"tenant,omitempty"`
	Secret  string `json:"secret,omitempty"`
	Running int    `json:"running,omitempty"`
}

func main() {
	mailboxes := flag.Int("mailboxes", 1000, "how many the tenant has")
	running := flag.Int64("running", 3, "tell when so many tasks run")
	flag.Parse()
	if err := run(*mailboxes, *running, os.Stdin, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(mailboxes int, running int64, until io.Reader, out *json.Encoder) error {
	const tenant = "5b0e4f4e-7c1d-4a9e-9a52-0d8a4a3d2f10"
	world := fakeporter.NewWorld()
	list := make([]*transporterv1.Mailbox, mailboxes)
	for n := range list {
		list[n] = &transporterv1.Mailbox{
			Id: fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1), Name: fmt.Sprintf("Mailbox %d", n+1),
			Address: fmt.Sprintf("mailbox%d@contoso.example", n+1),
		}
	}
	world.Tenant(tenant, secret, list...)
	b := &bench{}
	defer b.end()
	p := fakeporter.New(b, world)
	never := make(chan struct{})
	var begun atomic.Int64
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
		if begun.Add(1) == running {
			_ = out.Encode(said{Running: int(running)}) // nobody is left to hear of it otherwise
		}
		return fakeporter.Plan{Hold: never}
	})
	if err := out.Encode(said{Address: p.Address(), Code: p.Code(), Tenant: tenant, Secret: secret}); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, until)
	return err
}

// bench is what a fake Transporter belongs to outside of a test.
type bench struct {
	testing.TB // for the methods that it does not call
	cleanups   []func()
}

// Helper implements testing.TB.
func (*bench) Helper() {}

// Cleanup implements testing.TB.
func (b *bench) Cleanup(fn func()) { b.cleanups = append(b.cleanups, fn) }

// Error implements testing.TB.
func (*bench) Error(args ...any) { fmt.Fprintln(os.Stderr, args...) }

// Errorf implements testing.TB.
func (*bench) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Fatal implements testing.TB.
func (b *bench) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (b *bench) end() {
	for _, fn := range b.cleanups {
		fn()
	}
}
