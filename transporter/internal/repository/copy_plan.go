package repository

import (
	"context"
	"slices"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/tree"
)

// copyBackup is a backup of which points are copied.
type copyBackup struct {
	points []copyPoint // all that the source has, oldest first
}

type copyPoint struct {
	info     record.Point
	wanted   bool
	todo     bool // wanted, and to be gone through
	presence Presence
}

// plan finds out what there is to do: what was asked for, less what the target has.
func (c *copier) plan(ctx context.Context) ([]*copyBackup, error) {
	all, err := c.wanted(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.presence(ctx, all); err != nil {
		return nil, err
	}
	var plan []*copyBackup
	var total int64
	for _, b := range all {
		some := false
		for i := range b.points {
			p := &b.points[i]
			if !p.wanted {
				continue
			}
			total++
			p.todo = p.presence == Absent || p.presence == Present && c.o.Thorough
			some = some || p.todo
			if !p.todo {
				c.passOver(p)
			}
		}
		if some {
			plan = append(plan, b)
		}
	}
	c.tell(func(_ *CopyReport, pr *CopyProgress) { pr.Total = total })
	return plan, nil
}

func (c *copier) passOver(p *copyPoint) {
	c.progress.Points++
	if p.presence == Deleted {
		c.report.Deleted++
		return
	}
	c.report.Present++
	c.progress.Present++
}

// wanted returns the backups that have something to copy, with all their points.
func (c *copier) wanted(ctx context.Context) ([]*copyBackup, error) {
	points, err := c.r.points(ctx, nil)
	if err != nil {
		return nil, err
	}
	asked := map[record.PointID]bool{}
	for _, id := range c.o.Points {
		asked[id] = true
	}
	missing := map[record.BackupKey]bool{}
	for _, k := range c.o.Backups {
		missing[k] = true
	}
	byKey := map[record.BackupKey]*copyBackup{}
	var list []*copyBackup
	for _, p := range points { // oldest first within a backup
		if len(c.o.Backups) > 0 && !slices.Contains(c.o.Backups, p.Key) {
			continue
		}
		delete(missing, p.Key)
		b := byKey[p.Key]
		if b == nil {
			b = &copyBackup{}
			byKey[p.Key] = b
			list = append(list, b)
		}
		b.points = append(b.points, copyPoint{info: p, wanted: len(c.o.Points) == 0 || asked[p.ID]})
		delete(asked, p.ID)
	}
	for k := range missing {
		return nil, fault.New(fault.NotFound, "repository %q has no backup of mailbox %s by job %s", c.r.Name(), k.Mailbox, k.Job)
	}
	for id := range asked {
		return nil, fault.New(fault.NotFound, "recovery point %s is not in repository %q, or not in the backups to copy", id, c.r.Name())
	}
	if c.o.Newest {
		for _, b := range list {
			for i := range b.points[:len(b.points)-1] {
				b.points[i].wanted = false
			}
		}
	}
	return slices.DeleteFunc(list, func(b *copyBackup) bool {
		return !slices.ContainsFunc(b.points, func(p copyPoint) bool { return p.wanted })
	}), nil
}

// presence asks the target which points it has.
func (c *copier) presence(ctx context.Context, backups []*copyBackup) error {
	var points []*copyPoint
	for _, b := range backups {
		for i := range b.points {
			points = append(points, &b.points[i])
		}
	}
	for part := range slices.Chunk(points, MaxAsked) {
		ids := make([]record.PointID, len(part))
		for i, p := range part {
			ids[i] = p.info.ID
		}
		have, err := c.to.Points(ctx, ids)
		if err != nil {
			return err
		}
		for i, p := range part {
			p.presence = have[i]
		}
	}
	return nil
}

// copySet is the pages and nodes below which the target has everything.
type copySet map[record.Hash]struct{}

// base returns the last point before i that the target has; -1 without one. A thorough copy trusts only what it went through.
func (b *copyBackup) base(i int, thorough bool) int {
	for k := i - 1; k >= 0 && !thorough; k-- {
		if b.points[k].presence == Present {
			return k
		}
	}
	return -1
}

// trust returns what the target has of the point that is likely to be most like point i: the one before, or else the one
// behind. One that cannot be read here is no help; another may be.
func (c *copier) trust(ctx context.Context, b *copyBackup, i int) (copySet, error) {
	if c.o.Thorough {
		return nil, nil
	}
	for k := range b.points {
		at := i - 1 - k // those before, from the nearest on; then those behind
		if at < 0 {
			at = k + 1
		}
		if at >= len(b.points) || b.points[at].presence != Present {
			continue
		}
		set, err := c.trustPoint(ctx, b.points[at].info.ID)
		if set != nil || err != nil && !c.lost(err) {
			return set, err
		}
	}
	return nil, nil
}

// trustPoint returns what the target has of a point, nil when it no longer has the point.
func (c *copier) trustPoint(ctx context.Context, point record.PointID) (copySet, error) {
	id, err := parsePointID(point)
	if err != nil {
		return nil, err
	}
	ro, err := c.r.loadRoot(id)
	if err != nil {
		return nil, err
	}
	if kept, err := c.to.Keep(ctx, point); err != nil || !kept {
		return nil, err
	}
	return c.whole(ctx, ro, nil)
}

// whole returns the pages and nodes of a point that has been copied, less the bad ones and those above them. It reads nodes
// only.
func (c *copier) whole(ctx context.Context, ro *root, bad map[record.Hash]bool) (copySet, error) {
	set := copySet{}
	for i := range ro.folders {
		if t := ro.folders[i].tree; t != nil {
			if _, err := c.wholeBelow(ctx, set, *t, bad); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}

func (c *copier) wholeBelow(ctx context.Context, set copySet, r tree.Ref, bad map[record.Hash]bool) (bool, error) {
	if _, ok := set[r.Hash]; ok {
		return true, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	well := !bad[r.Hash]
	if well && r.Level > 0 {
		children, err := tree.Children(c.r.trees, r)
		if err != nil && !c.lost(err) {
			return false, err
		}
		// A node that cannot be read and is not bad is one that the target was trusted to have: so it is, but what is
		// below stays unknown.
		for _, child := range children {
			ok, err := c.wholeBelow(ctx, set, child, bad)
			if err != nil {
				return false, err
			}
			well = well && ok
		}
	}
	if well {
		set[r.Hash] = struct{}{}
	}
	return well, nil
}

// lists returns the lists that a root names.
func (ro *root) lists() []*pb.List {
	all := []*pb.List{ro.pb.GetFolders(), ro.pb.GetLosses(), ro.pb.GetPending()}
	for i := range ro.folders {
		all = append(all, ro.folders[i].named)
	}
	return all
}
