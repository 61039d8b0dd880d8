// Command measure does one thing to a repository or a mailbox, as the product does it, in a process of its own, so that whoever starts it
// can tell what it cost. It says on its standard output, in JSON, what it counted itself. `make bench` starts it; it is not
// installed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"holdfast/transporter/internal/memory"
	"holdfast/transporter/internal/repository"
)

// measured is what the flags ask for.
type measured struct {
	repository string
	key        string
	level      string
	mail       string
	later      string
	decoded    bool
	profile    string
	share      float64
	count      int
	asks       int
	id         string
	runs       string
	tenant     string
	mailbox    string
	index      bool
	folders    []string // what is named behind the flags
}

// counts is what a command has to say.
type counts map[string]float64

func commands() map[string]func(context.Context, *measured) (counts, error) {
	return map[string]func(context.Context, *measured) (counts, error){
		"decode": decode, "create": create, "backup": backUp, "read": readAll, "verify": verify, "delete": deleteSome, "reclaim": reclaim, "list": list,
		"message": oneMessage, "messages": someMessages, "fill": fill, "look": look, "protect": protect, "bring-back": bringBack,
		"write-prose": writeProse, "index-prose": indexProse, "ask-prose": askProse,
		"settle": settle, "write-folder": writeFolder, "browse-folder": browseFolder,
	}
}

func main() {
	memory.Frugal()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to measure")
	}
	command := commands()[args[0]]
	if command == nil {
		return fmt.Errorf("there is nothing called %q to measure", args[0])
	}
	var t measured
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.StringVar(&t.repository, "repository", "", "folder of the repository, file of an index, or folder for decoded mail")
	f.StringVar(&t.key, "key", "", "key file of the repository")
	f.StringVar(&t.level, "level", "balanced", "compression of a repository that is created")
	f.StringVar(&t.mail, "mail", "", "folder of mailboxes")
	f.StringVar(&t.later, "later", "", "folder of mailboxes with what came afterwards, which alone is then read")
	f.BoolVar(&t.decoded, "decoded", false, "the mail was written by decode; it is .eml files otherwise")
	f.StringVar(&t.profile, "profile", "", "file for a CPU profile")
	f.Float64Var(&t.share, "share", 0.25, "share of the backups to delete, or of garbage from which on a pack is rewritten")
	f.IntVar(&t.count, "count", 1000, "number of messages, of entries of an index, or of MB")
	f.IntVar(&t.asks, "asks", 300, "searches of each kind, or pages of each order")
	f.StringVar(&t.id, "id", "", "message to read, as list names it")
	f.StringVar(&t.tenant, "tenant", "", "file that says where the tenant is and how to sign in")
	f.StringVar(&t.mailbox, "mailbox", "", "mailbox to back up, or to recover into")
	f.BoolVar(&t.index, "index", false, "wait until what was backed up is indexed for search, and say what that took")
	f.StringVar(&t.runs, "run", "first", "name of the run")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	t.folders = f.Args()
	result, err := profiled(ctx, &t, command)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

func (t *measured) options() (repository.Options, error) {
	o := repository.Options{Path: t.repository, Name: "measured", Secret: repository.Secret{KeyFile: t.key}}
	for _, l := range []repository.Level{repository.None, repository.Fast, repository.Balanced, repository.Best} {
		if strings.EqualFold(l.String(), t.level) {
			o.Level = l
			return o, nil
		}
	}
	return o, fmt.Errorf("there is no compression level %q", t.level)
}

// opened opens the repository for fn and closes it.
func (t *measured) opened(ctx context.Context, fn func(r *repository.Repository) (counts, error)) (counts, error) {
	o, err := t.options()
	if err != nil {
		return nil, err
	}
	r, err := repository.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	result, err := fn(r)
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return result, err
}
