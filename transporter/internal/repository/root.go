package repository

import (
	"context"
	"slices"
	"time"

	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
)

// root makes the root of the point and keeps the lists that it names.
func (w *sealing) root(ctx context.Context, sum *backup.Summary, folders []folder) (*pb.Root, error) {
	s := w.s
	counts := record.Counts{Folders: int64(len(folders))}
	table := &pb.FolderTable{}
	for i := range folders {
		if sum.Ledger != nil {
			if n, ok := sum.Ledger.After[folders[i].ID]; ok {
				folders[i].after = &n
			}
		}
		c := folders[i].counts()
		counts.Messages += c.Messages
		counts.Attachments += c.Attachments
		counts.Bytes += c.Bytes
		counts.Lost += c.Lost
		table.Folders = append(table.Folders, toFolder(&folders[i]))
	}
	losses := append(slices.Clone(sum.Losses), w.lost...)
	missing, err := w.missing(ctx, losses)
	if err != nil {
		return nil, err
	}
	counts.Lost += missing
	pending, err := w.pending(ctx)
	if err != nil {
		return nil, err
	}
	root := &pb.Root{
		Key: toKey(s.key), Origin: toOrigin(sum.Origin), Run: string(sum.Run), Time: toTime(sum.Time), Sealed: toTime(w.sealedTime()),
		Counts: toCounts(counts), Complete: len(losses) == 0 && counts.Lost == 0,
	}
	if sum.Ledger != nil {
		if s.base != nil {
			sum.Ledger.Inherit(fromLedger(s.base.pb.GetLedger(), nil))
		}
		root.Ledger = toLedger(sum.Ledger)
		root.Balance = toBalance(sumOf(folders, pending.GetGone(), losses, sum.Ledger))
	}
	if s.journal != nil {
		session := s.journal.Session()
		root.Session = session[:]
	}
	if s.base != nil {
		root.Base = s.base.id[:]
	}
	if root.Folders, err = s.r.trees.saveMessage(table); err != nil {
		return nil, err
	}
	if root.Losses, err = s.r.trees.saveMessage(&pb.LossList{Losses: toLosses(losses)}); err != nil {
		return nil, err
	}
	if root.Pending, err = s.r.trees.saveMessage(pending); err != nil {
		return nil, err
	}
	return root, nil
}

// sealedTime is now, or a moment after the last point where the clock was set back: points keep their order.
func (w *sealing) sealedTime() time.Time {
	now := w.s.r.opts.Now().UTC()
	if w.s.base != nil {
		if last := fromTime(w.s.base.pb.GetSealed()); !now.After(last) {
			return last.Add(time.Nanosecond)
		}
	}
	return now
}

// missing counts messages among the losses that the trees do not count as lost already.
func (w *sealing) missing(ctx context.Context, losses []mail.Loss) (int64, error) {
	seen := map[mail.MessageID]bool{}
	var n int64
	for i := range losses {
		id := losses[i].Message
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		weight, in, err := w.weight(ctx, id)
		if err != nil {
			return 0, err
		}
		if !in || weight.Lost == 0 {
			n++
		}
	}
	return n, nil
}

// weight returns what a message weighs in the point, and whether it is in it.
func (w *sealing) weight(ctx context.Context, id mail.MessageID) (message.Weight, bool, error) {
	h := message.HashOf(id)
	if i := w.s.stage.live(h); i >= 0 {
		v := &w.s.stage.versions[i]
		if v.deleted || !w.folders[w.s.stage.names[v.folder]] {
			return message.Weight{}, false, nil
		}
		e, err := w.s.journal.Record(v.off, v.length)
		return e.Weight, true, err
	}
	m, err := w.s.baseMessage(ctx, h)
	if err != nil || m == nil || !w.inherits(m.Folder, h) {
		return message.Weight{}, false, err
	}
	return message.Weigh(m), true, nil
}

// inherits reports whether a message that the last point has in a folder, and that no checkpoint places elsewhere, stays.
func (w *sealing) inherits(id mail.FolderID, h message.Hash) bool {
	named := w.ended[id]
	return w.folders[id] && (named == nil || named.has(h))
}

// pending lists the removals that the next session has to decide.
func (w *sealing) pending(ctx context.Context) (*pb.PendingList, error) {
	list, err := w.s.pending(ctx, -1)
	if err != nil {
		return nil, err
	}
	out := &pb.PendingList{}
	for _, g := range list {
		name := w.s.stage.names[g.folder]
		if w.s.stage.live(g.hash) < 0 && !w.inherits(name, g.hash) || !w.folders[name] {
			continue // it is not in the point
		}
		out.Gone = append(out.Gone, &pb.Gone{Message: string(g.id), Folder: string(name)})
	}
	return out, nil
}
