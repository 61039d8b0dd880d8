package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"holdfast/test/bench/material"
	"holdfast/test/bench/peer"
	"holdfast/test/bench/process"
)

// contestant is one program on its way through the steps of a round.
type contestant struct {
	name string
	peer *peer.Peer // nil for the product
	ours *ours
	// seen are the values of all rounds, by step and unit ("backup cpu").
	seen map[string][]float64
}

func (c *contestant) note(what string, value float64) { c.seen[what] = append(c.seen[what], value) }

func (c *contestant) noteCost(step string, cost process.Cost) {
	c.note(step+" cpu", cost.CPU.Seconds())
	c.note(step+" wall", cost.Wall.Seconds())
	c.note("memory", float64(cost.Peak))
}

func (c *contestant) folder() string {
	if c.peer != nil {
		return c.peer.Folder()
	}
	return c.ours.folder()
}

func (c *contestant) create(ctx context.Context) error {
	if c.peer != nil {
		return c.peer.Create(ctx)
	}
	return c.ours.create(ctx)
}

func (c *contestant) remove() error {
	if c.peer != nil {
		return c.peer.Remove()
	}
	return c.ours.remove()
}

// life is the run of all rounds.
type life struct {
	o    *Options
	all  []*contestant
	kept []string // mailboxes that stay when a share of them is deleted
}

// deletedShare is the share of the mailboxes that are deleted before space is reclaimed.
const deletedShare = 0.25

// garbageShare is the share of garbage from which on the product is asked to rewrite a pack: that of borg compact, where the product
// would by itself leave alone what has less than a fifth.
const garbageShare = 0.1

// rounds runs every round: each step of all contestants, one after the other, before the next step, so that what else the
// machine does meets all of them alike. Who begins changes from step to step.
func (l *life) rounds(ctx context.Context) error {
	steps := []struct {
		name string
		run  func(context.Context, *contestant) error
		// memory is how much free memory is there at least, for each message: what the step writes, and reads again.
		memory int
	}{
		{name: "create", run: func(ctx context.Context, c *contestant) error { return c.create(ctx) }},
		{name: "backup", run: l.backup, memory: 100_000},
		{name: "size", run: func(_ context.Context, c *contestant) error {
			n, err := size(c.folder())
			c.note("size", float64(n))
			return err
		}},
		{name: "parsing", run: l.parsing, memory: 100_000},
		{name: "change", run: l.change, memory: 20_000},
		{name: "read", run: l.read, memory: 20_000},
		{name: "message", run: l.message},
		{name: "verify", run: l.verify, memory: 20_000},
		{name: "reclaim", run: l.reclaim, memory: 20_000},
	}
	turn := 0
	for round := range l.o.Rounds {
		for _, s := range steps {
			turn++
			for i := range l.all {
				c := l.all[(i+turn)%len(l.all)]
				if s.memory > 0 {
					if err := l.settle(ctx, s.memory, l.sources(c, s.name)...); err != nil {
						return err
					}
				}
				before := len(c.seen[s.name+" cpu"])
				if err := s.run(ctx, c); err != nil {
					return fmt.Errorf("%s: %s: %w", c.name, s.name, err)
				}
				if n := len(c.seen[s.name+" cpu"]); n > before {
					l.o.say("  round %d of %d: %-8s %-18s %7.2f s CPU, %7.2f s", round+1, l.o.Rounds, s.name, c.name,
						c.seen[s.name+" cpu"][n-1], c.seen[s.name+" wall"][n-1])
				}
			}
		}
		if l.o.Keep && round == l.o.Rounds-1 {
			return nil
		}
		for _, c := range l.all {
			if err := c.remove(); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle has the disks at rest, memory at hand and the files of the folders in it before a step begins, so that none pays for
// another.
func (l *life) settle(ctx context.Context, memory int, folders ...string) error {
	args := append([]string{l.o.Program, "settle", "-count", fmt.Sprint(memory * l.o.Mail.Messages >> 20)}, folders...)
	_, _, err := measure(ctx, args)
	return err
}

// sources returns the folders that a step reads.
func (l *life) sources(c *contestant, step string) []string {
	switch {
	case step == "parsing":
		return []string{material.Mail(l.o.Material)}
	case step != "backup" && step != "change":
		return []string{c.folder()}
	case c.peer != nil:
		return []string{c.folder(), material.Mail(l.o.Material)}
	default:
		return []string{c.folder(), material.Decoded(l.o.Material)}
	}
}

func (l *life) backup(ctx context.Context, c *contestant) error {
	if c.peer != nil {
		cost, err := c.peer.Backup(ctx, l.o.Material, "first", "mail")
		c.noteCost("backup", cost)
		return err
	}
	cost, counted, err := c.ours.measure(ctx, "backup", "-decoded", "-mail", l.decoded("mail"), "-run", "first")
	if err == nil && int(counted["messages"]) != l.o.Mail.Messages {
		err = fmt.Errorf("%g messages were kept, not %d", counted["messages"], l.o.Mail.Messages)
	}
	c.noteCost("backup", cost)
	c.note("blobs", counted["blobs"])
	return err
}

// decoded names a folder of decoded mail.
func (l *life) decoded(part string) string {
	return filepath.Join(material.Decoded(l.o.Material), part)
}

// parsing is the first backup once more, of the product's level fast alone and of the very files that the peers read, into
// a repository of its own.
func (l *life) parsing(ctx context.Context, c *contestant) error {
	if c.ours == nil || c.ours.level != "fast" {
		return nil
	}
	other := &ours{program: c.ours.program, dir: c.ours.dir + "-eml", level: c.ours.level}
	if err := other.create(ctx); err != nil {
		return err
	}
	cost, _, err := other.measure(ctx, "backup", "-mail", material.Mail(l.o.Material), "-run", "first")
	c.note("parsing cpu", cost.CPU.Seconds())
	c.note("parsing wall", cost.Wall.Seconds())
	return errors.Join(err, other.remove())
}

// change backs up after 1% of messages came. Microsoft tells the product what is new; the peers look for it, with the help
// of what they remember of files.
func (l *life) change(ctx context.Context, c *contestant) error {
	if c.peer != nil {
		if err := material.Arrive(l.o.Material); err != nil {
			return err
		}
		cost, err := c.peer.Backup(ctx, l.o.Material, "second", "mail")
		c.noteCost("change", cost)
		if leaveErr := material.Leave(l.o.Material); err == nil {
			err = leaveErr
		}
		return err
	}
	cost, counted, err := c.ours.measure(ctx, "backup", "-decoded", "-mail", l.decoded("mail"), "-later", l.decoded("later"), "-run", "second")
	if want := l.o.Mail.Messages + l.o.Mail.Later; err == nil && int(counted["messages"]) != want {
		err = fmt.Errorf("%g messages were kept, not %d", counted["messages"], want)
	}
	c.noteCost("change", cost)
	return err
}

func (l *life) read(ctx context.Context, c *contestant) error {
	if c.peer != nil {
		cost, err := c.peer.ReadAll(ctx, "second")
		c.noteCost("read", cost)
		return err
	}
	cost, counted, err := c.ours.measure(ctx, "read")
	if want := l.o.Mail.Messages + l.o.Mail.Later; err == nil && int(counted["messages"]) != want {
		err = fmt.Errorf("%g messages were read, not %d", counted["messages"], want)
	}
	c.noteCost("read", cost)
	return err
}

// coldMessages is how many processes read one message each.
const coldMessages = 15

func (l *life) message(ctx context.Context, c *contestant) error {
	if c.peer != nil {
		file, err := someFile(material.Mail(l.o.Material))
		if err != nil {
			return err
		}
		cost, err := c.peer.ReadOne(ctx, "second", filepath.ToSlash(filepath.Join("mail", file)))
		c.note("cold ms", 1000*cost.Wall.Seconds())
		return err
	}
	_, warm, err := c.ours.measure(ctx, "messages", "-count", "1000")
	if err != nil {
		return err
	}
	for _, name := range []string{"median_ms", "p99_ms", "max_ms"} {
		c.note("warm "+name, warm[name])
	}
	ids, err := c.ours.messages(ctx, coldMessages)
	if err != nil {
		return err
	}
	var all []float64
	for _, id := range ids {
		cost, _, err := c.ours.measure(ctx, "message", "-id", id)
		if err != nil {
			return err
		}
		all = append(all, 1000*cost.Wall.Seconds())
	}
	c.note("cold ms", median(all))
	c.note("cold max ms", slices.Max(all))
	return nil
}

// someFile names a file in the middle of a folder of mailboxes, seen from there.
func someFile(dir string) (string, error) {
	at := ""
	for {
		entries, err := os.ReadDir(filepath.Join(dir, at))
		if err != nil || len(entries) == 0 {
			return "", fmt.Errorf("there is no file in %s (%w)", dir, err)
		}
		e := entries[len(entries)/2]
		at = filepath.Join(at, e.Name())
		if !e.IsDir() {
			return at, nil
		}
	}
}

func (l *life) verify(ctx context.Context, c *contestant) error {
	if c.peer != nil {
		cost, err := c.peer.Verify(ctx)
		c.noteCost("verify", cost)
		return err
	}
	cost, _, err := c.ours.measure(ctx, "verify")
	c.noteCost("verify", cost)
	return err
}

// reclaim frees the space of a quarter of the mailboxes. Peers get there by a snapshot of the others, after which the
// snapshots of all are forgotten; neither that nor the forgetting is counted.
func (l *life) reclaim(ctx context.Context, c *contestant) error {
	if c.peer == nil {
		if _, _, err := c.ours.measure(ctx, "delete", "-share", fmt.Sprint(deletedShare)); err != nil {
			return err
		}
		cost, counted, err := c.ours.measure(ctx, "reclaim", "-share", fmt.Sprint(garbageShare))
		c.noteCost("reclaim", cost)
		c.note("freed", counted["freed_bytes"])
		c.note("garbage", counted["garbage_bytes"])
		return err
	}
	var kept []string
	for _, box := range l.kept {
		kept = append(kept, filepath.ToSlash(filepath.Join("mail", box)))
	}
	if _, err := c.peer.Backup(ctx, l.o.Material, "third", kept...); err != nil {
		return err
	}
	if err := c.peer.Forget(ctx, "first", "second"); err != nil {
		return err
	}
	before, err := size(c.folder())
	if err != nil {
		return err
	}
	cost, err := c.peer.Reclaim(ctx)
	if err != nil {
		return err
	}
	after, err := size(c.folder())
	c.noteCost("reclaim", cost)
	c.note("freed", float64(before-after))
	return err
}
