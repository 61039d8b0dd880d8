package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// latest stands for the newest point of what was chosen.
const latest = "latest"

// choice names backups and a point among theirs.
type choice struct{ mailbox, job, point string }

func (c *choice) registerBackup(f *pflag.FlagSet) {
	f.StringVar(&c.mailbox, "mailbox", "", "address or id of the mailbox")
	f.StringVar(&c.job, "job", "", "name or id of the job, where several jobs have backed the mailbox up")
}

func (c *choice) registerPoint(f *pflag.FlagSet) {
	c.registerBackup(f)
	f.StringVar(&c.point, "point", latest, "`id` of the recovery point, or the beginning of it; latest is the newest one of the mailbox")
}

// points lists the points of all backups that are meant: backup by backup, oldest first within each.
func (c *choice) points(ctx context.Context, r *repository.Repository) ([]record.Point, error) {
	backups, err := r.Backups(ctx)
	if err != nil {
		return nil, err
	}
	var all []record.Point
	for i := range backups {
		b := &backups[i]
		points, err := r.Points(ctx, b.Key)
		if err != nil {
			return nil, err
		}
		// Addresses change: a backup is meant when any of its points was made of that address.
		if slices.ContainsFunc(points, c.means) {
			all = append(all, points...)
		}
	}
	if len(all) == 0 && (c.mailbox != "" || c.job != "") {
		return nil, fault.New(fault.NotFound, "the repository has no backup of mailbox %q by job %q; \"repository info\" lists those it has",
			orAny(c.mailbox), orAny(c.job))
	}
	return all, nil
}

func orAny(s string) string {
	if s == "" {
		return "any"
	}
	return s
}

func (c *choice) means(p record.Point) bool {
	is := func(want string, names ...string) bool {
		return want == "" || slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(want, name) })
	}
	return is(c.mailbox, p.Origin.MailboxAddress, string(p.Key.Mailbox)) && is(c.job, p.Origin.JobName, string(p.Key.Job))
}

// open opens the point that is meant.
func (c *choice) open(ctx context.Context, r *repository.Repository) (*repository.Point, error) {
	points, err := c.points(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := pick(points, c.point)
	if err != nil {
		return nil, err
	}
	return r.Point(ctx, p.ID)
}

// pick finds the point that an id, the beginning of one, or "latest" names.
func pick(points []record.Point, id string) (*record.Point, error) {
	if id == latest {
		return newest(points)
	}
	if id == "" {
		return nil, usageError{fmt.Errorf("a recovery point needs an id, or the beginning of one")}
	}
	var found []*record.Point
	for i := range points {
		if strings.HasPrefix(string(points[i].ID), strings.ToLower(id)) {
			found = append(found, &points[i])
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fault.New(fault.NotFound, "no recovery point has an id that begins with %q; \"repository points\" lists them", id)
	}
	return nil, fault.New(fault.Invalid, "%d recovery points have ids that begin with %q; give more of it", len(found), id)
}

// newest returns the point that was sealed last. Points of several mailboxes have none that could be meant.
func newest(points []record.Point) (*record.Point, error) {
	var last *record.Point
	for i := range points {
		p := &points[i]
		if last != nil && p.Key.Mailbox != last.Key.Mailbox {
			return nil, fault.New(fault.Invalid, "the repository has several mailboxes; say which with --mailbox, or which point with --point")
		}
		if last == nil || p.Sealed.After(last.Sealed) {
			last = p
		}
	}
	if last == nil {
		return nil, fault.New(fault.NotFound, "the repository has no recovery point")
	}
	return last, nil
}
