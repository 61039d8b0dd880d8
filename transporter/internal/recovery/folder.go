package recovery

import (
	"context"
	"errors"
	"iter"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// place brings back everything that belongs in one folder of the target.
func (r *Runner) place(ctx context.Context, p *place) error {
	if err := r.halted(ctx); err != nil {
		return err
	}
	if err := r.ready(ctx, p); err != nil {
		return r.folderLost(p, err)
	}
	if r.o.Request.PlanOnly {
		r.o.Observer.Phase("planning")
	} else {
		r.o.Observer.Phase("writing mail")
	}
	for _, s := range p.sources {
		for m, err := range r.messages(ctx, s) {
			if halt := r.halted(ctx); halt != nil {
				return halt
			}
			if err != nil {
				if err = r.unreadable(s, m, err); err != nil {
					return err
				}
				continue
			}
			if err := r.message(ctx, p, s, m); err != nil {
				return err
			}
		}
	}
	p.pool = nil
	return nil
}

// messages yields what was chosen of a folder. A single message that cannot be read is yielded with its id and the error.
func (r *Runner) messages(ctx context.Context, s source) iter.Seq2[*record.Message, error] {
	if s.all {
		return r.o.Point.Messages(ctx, s.folder.ID)
	}
	return func(yield func(*record.Message, error) bool) {
		for _, id := range s.messages {
			m, err := r.o.Point.Message(ctx, s.folder.ID, id)
			if err != nil {
				m = &record.Message{Message: mail.Message{ID: id, Folder: s.folder.ID}}
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// unreadable records what the repository could not give: one message, a number of them, or the rest of the folder.
func (r *Runner) unreadable(s source, m *record.Message, err error) error {
	if fatalKind(err) {
		return err
	}
	loss := mail.Loss{Folder: s.folder.ID, What: "folder", Reason: err.Error()}
	if m != nil {
		loss.Message, loss.What = m.ID, "message"
	}
	r.lose(loss)
	n := int64(1)
	var several interface{ Messages() int64 }
	if m == nil && errors.As(err, &several) {
		n = several.Messages()
	}
	r.count(func(rep *Report) { rep.Failed += n })
	r.cannot(s.folder.ID, m, n, err.Error())
	r.done.messages.Add(n)
	return nil
}

// folderLost records that a folder could not be made or listed.
func (r *Runner) folderLost(p *place, err error) error {
	if fatalKind(err) || fault.Temporary(err) {
		return err
	}
	for _, s := range p.sources {
		r.lose(mail.Loss{
			Folder: s.folder.ID, What: "folder", RequestID: requestID(err),
			Reason: "the folder could not be made or read in the mailbox: " + err.Error(),
		})
		r.count(func(rep *Report) { rep.Failed += s.count() })
		r.cannot(s.folder.ID, nil, s.count(), "the folder could not be made or read in the mailbox: "+err.Error())
		r.done.messages.Add(s.count())
	}
	return nil
}

// ready sees to it that a place is there and that what lies in it is known. A plan makes nothing.
func (r *Runner) ready(ctx context.Context, p *place) error {
	fresh, err := r.ensure(ctx, p)
	if err != nil || p.pool != nil {
		return err
	}
	p.pool = newPool()
	if fresh || !slices.ContainsFunc(p.sources, func(s source) bool { return s.count() > 0 }) && !p.isBeside {
		return nil
	}
	r.o.Observer.Phase("reading what is there")
	r.flying.Wait() // so that what was created in this folder is known as our own
	for m, err := range r.o.Target.List(ctx, p.id) {
		if err != nil {
			p.pool = nil
			return err
		}
		if !r.isOwn(m.ID) {
			p.pool.add(&m)
		}
	}
	return nil
}

// ensure makes a place and those above it. It returns true when the place was made just now and is therefore empty.
func (r *Runner) ensure(ctx context.Context, p *place) (fresh bool, err error) {
	switch {
	case p.id != "":
		return false, nil
	case p.failed != nil:
		return false, p.failed
	case p.planned:
		return true, nil
	}
	var parent mail.FolderID
	if p.parent != nil {
		if _, err := r.ensure(ctx, p.parent); err != nil {
			return false, err
		}
		parent = p.parent.id
	}
	if r.o.Request.PlanOnly {
		p.planned = true
		r.count(func(rep *Report) { rep.FoldersCreated++ })
		return true, nil
	}
	made, fresh, err := r.makeFolder(ctx, parent, p.name, p.hidden)
	if short := shorten(p.name); errors.Is(err, fault.Invalid) && short != p.name {
		// Other programs make folders with names that Graph refuses.
		if made, fresh, err = r.makeFolder(ctx, parent, short, p.hidden); err == nil {
			r.notes.add(noteShortened)
		}
	}
	if err != nil {
		p.failed = err
		return false, err
	}
	p.id = made.ID
	return fresh, nil
}

// inPoint reports whether the kept folders of a place hold a message of that id: then it answers for itself only.
func (r *Runner) inPoint(ctx context.Context, p *place, id mail.MessageID) bool {
	return slices.ContainsFunc(p.sources, func(s source) bool {
		_, err := r.o.Point.Message(ctx, s.folder.ID, id)
		return err == nil
	})
}

func requestID(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.RequestID
	}
	return ""
}
