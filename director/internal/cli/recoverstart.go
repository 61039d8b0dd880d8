package cli

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// maxRefs is how many single messages one recovery is given: with ids of 150 characters its request is about 3 MB, well
// below the 8 MiB that a Transporter takes.
const maxRefs = 10_000

// startRecovery starts the recovery. A selection of very many messages becomes several, one after the other.
func (a *app) startRecovery(ctx context.Context, c *api, f *recoverFlags, req *pb.StartRecoveryRequest, chosen *selection) error {
	parts := chosen.split()
	if len(parts) > 1 {
		return a.recoverParts(ctx, c, req, parts)
	}
	req.FolderIds, req.Messages = chosen.folders, chosen.messages
	r, err := c.StartRecovery(ctx, req)
	if err != nil {
		return err
	}
	if f.plan {
		return a.showPlan(ctx, c, r.GetActivityId())
	}
	if f.watch {
		return a.watchActivity(ctx, c, r.GetActivityId(), true)
	}
	return a.done(r, "Started. Watch it with: holdfast activity watch %s", r.GetActivityId())
}

// showPlan waits for the numbers, without which a plan is nothing.
func (a *app) showPlan(ctx context.Context, c *api, id string) error {
	x, err := a.followActivity(ctx, c, id, true)
	if err != nil {
		return err
	}
	format, err := a.format()
	if err != nil {
		return err
	}
	r := x.GetRecovery()
	switch {
	case format != asTable:
	case r == nil, x.GetStatus() == pb.RunStatus_RUN_STATUS_STOPPED, x.GetStatus() == pb.RunStatus_RUN_STATUS_FAILED:
		// What it counted till then is no plan.
		err = a.activityResult(x)
	default:
		err = a.say("Nothing was written. The recovery would create %s and %s, skip %s, rename %s, overwrite %s.",
			counted(r.GetCreated(), "message"), counted(r.GetFoldersCreated(), "new folder"), count(r.GetSkipped()), count(r.GetRenamed()),
			count(r.GetOverwritten()))
		if err == nil {
			err = a.notesOf(r)
		}
		if err == nil {
			err = a.activityLosses(x)
		}
		if err == nil && x.GetTasks() > 1 {
			a.note("Mailbox by mailbox: holdfast plan %s", id)
		} else if err == nil {
			a.note("Message by message: holdfast plan %s, folder by folder with --folders", id)
		}
	}
	if err != nil {
		return err
	}
	return activityOutcome(x)
}

func (s *selection) split() []*selection {
	if len(s.messages) <= maxRefs {
		return []*selection{s}
	}
	parts := []*selection{{folders: s.folders}}
	if len(s.folders) == 0 {
		parts = nil
	}
	for rest := s.messages; len(rest) > 0; {
		n := min(maxRefs, len(rest))
		parts = append(parts, &selection{messages: rest[:n]})
		rest = rest[n:]
	}
	return parts
}

// recoverParts runs recoveries one after the other and returns the worst outcome.
func (a *app) recoverParts(ctx context.Context, c *api, req *pb.StartRecoveryRequest, parts []*selection) error {
	a.note("These are many single messages: they are recovered in %d parts, one after the other.", len(parts))
	sum, worst := &pb.RecoveryReport{}, outcome{exitOK}
	for i, p := range parts {
		part := proto.CloneOf(req)
		part.FolderIds, part.Messages = p.folders, p.messages
		r, err := c.StartRecovery(ctx, part)
		if err != nil {
			return err
		}
		a.note("Part %d of %d: %s", i+1, len(parts), r.GetActivityId())
		x, err := a.followActivity(ctx, c, r.GetActivityId(), true)
		if err != nil {
			return err
		}
		addReport(sum, x.GetRecovery())
		var o outcome
		if errors.As(activityOutcome(x), &o) {
			worst = worse(worst, o)
		}
		if o.code == exitFailed {
			if err := a.activityResult(x); err != nil {
				return err
			}
			return o
		}
	}
	f, err := a.format()
	if err != nil {
		return err
	}
	if f == asTable {
		if err := a.recoveryReport(sum); err != nil {
			return err
		}
	}
	if worst.code != exitOK {
		return worst
	}
	return nil
}

// worse prefers a failure to losses, and losses to success.
func worse(a, b outcome) outcome {
	if a.code == exitFailed || b.code == exitOK {
		return a
	}
	return b
}

func addReport(sum, r *pb.RecoveryReport) {
	sum.Created += r.GetCreated()
	sum.Skipped += r.GetSkipped()
	sum.Renamed += r.GetRenamed()
	sum.Overwritten += r.GetOverwritten()
	sum.Failed += r.GetFailed()
	sum.FoldersCreated += r.GetFoldersCreated()
	for _, n := range r.GetNotes() {
		known := false
		for _, have := range sum.GetNotes() {
			known = known || have == n
		}
		if !known {
			sum.Notes = append(sum.Notes, n)
		}
	}
}
