package repository

import (
	"context"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/journal"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// journals checks the journals of interrupted sessions that nobody has open: that their checkpoints can be read, their records
// too, and that all bytes which these name are there. A session that is open has looked at its own. Nothing is changed: what
// is to be cut off a journal is cut off in memory.
func (v *verifier) journals(ctx context.Context) error {
	stems, err := v.r.journals()
	if err != nil {
		return err
	}
	for i, s := range stems {
		release, open, err := v.r.claim(ctx, s)
		if err != nil {
			return err
		}
		if open == nil {
			err = v.journal(ctx, s)
			release()
		}
		if err != nil {
			return err
		}
		v.progress(Progress{Phase: "verify journals", Done: int64(i + 1), Total: int64(len(stems)), Bytes: v.report.Bytes})
	}
	return nil
}

func (v *verifier) journal(ctx context.Context, s stem) error {
	memory := disk.NewOverlay(v.r.opts.FS)
	defer memory.Close()
	path := v.r.journalPath(s)
	told := 0
	damaged := func(at int64, reason string) {
		v.staged = true
		if told++; told <= maxTouches {
			v.report.Damage = append(v.report.Damage, Damage{Path: path, Offset: at, Reason: reason + "; it is read from the mailbox again"})
		}
	}
	st := newStage()
	j, _, err := journal.Open(memory, path, v.r.ring, v.r.id, st.apply)
	switch fault.KindOf(err) {
	case fault.NotFound: // its point was sealed meanwhile
		return nil
	case fault.Corrupt:
		damaged(0, err.Error())
		return nil
	default:
	}
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()            // it was only read
	if at, n := j.Cut(); n > 0 && j.Damaged() { // a torn end is what a crash leaves
		damaged(at, "the checkpoints there are damaged")
	}
	w := &visit{verifier: v}
	n := 0
	for h := range st.newest {
		if n++; n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		i := st.live(h)
		if i < 0 || st.versions[i].deleted {
			continue
		}
		ver := &st.versions[i]
		e, err := j.Record(ver.off, ver.length)
		var m *record.Message
		if err == nil {
			m, err = e.Message(st.names[ver.folder])
		}
		if fault.KindOf(err) == fault.Corrupt {
			damaged(ver.off, err.Error())
			continue
		}
		if err != nil {
			return err
		}
		if err := w.staged(ctx, m, damaged, ver.off); err != nil {
			return err
		}
	}
	return nil
}

// staged makes sure that the bytes which a staged record names are there.
func (w *visit) staged(ctx context.Context, m *record.Message, damaged func(at int64, reason string), at int64) error {
	var hashes []record.Hash
	_ = message.Contents(m, func(c *record.Content) error {
		for i := range c.Pieces {
			hashes = append(hashes, c.Pieces[i].Hash)
		}
		return nil
	})
	have, err := w.r.blobs.Present(ctx, hashes)
	if err != nil {
		return err
	}
	for i := range hashes {
		if reason := w.unreadable(hashes[i], have[i]); reason != "" {
			damaged(at, "message "+string(m.ID)+", which it names, cannot be read whole: "+reason)
			return nil
		}
	}
	return nil
}

// asideFiles lists the files that were set aside as damaged.
func (r *Repository) asideFiles() ([]string, error) {
	r.mu.Lock()
	list := slices.Clone(r.aside)
	r.mu.Unlock()
	staged, err := r.opts.FS.List(r.path(stagingFolder))
	if err != nil {
		return nil, disk.Fault(err, "read", r.path(stagingFolder))
	}
	for _, f := range staged {
		if strings.HasSuffix(f.Name, journalEnding+pack.Damaged) {
			list = append(list, r.path(stagingFolder)+"/"+f.Name)
		}
	}
	return list, nil
}
