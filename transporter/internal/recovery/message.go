package recovery

import (
	"context"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// step is what was decided for one kept message.
type step struct {
	action  action
	place   *place
	old     mail.MessageID // to be overwritten
	source  source
	message *record.Message
}

// message decides about one kept message and does it, or with a plan counts it.
func (r *Runner) message(ctx context.Context, p *place, s source, m *record.Message) error {
	sk := sourceKey(s.folder.ID, m.ID)
	if a, ok := r.past.done[sk]; ok {
		if a == actRename { // what it was renamed because of answers for no other message
			p.pool.claim(&m.Message, r.accepts(ctx, p))
		}
		r.countAction(a)
		r.notes.about(m)
		r.done.messages.Add(1)
		return nil
	}
	st, err := r.decide(ctx, p, s, m)
	if err != nil {
		r.failed(st, err)
		return r.fatalError()
	}
	if st.action == actSkip || r.o.Request.PlanOnly {
		r.countAction(st.action)
		r.plan(st, m)
		r.done.messages.Add(1)
		if st.action != actSkip {
			r.notes.about(m)
		}
		return nil
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return fault.New(fault.Canceled, "stopped: %w", ctx.Err())
	}
	if err := r.halted(ctx); err != nil { // while it waited for a slot
		<-r.slots
		return err
	}
	r.flying.Go(func() {
		defer func() { <-r.slots }()
		defer r.caught()
		r.write(ctx, st, sk)
	})
	return nil
}

// decide is the one decision, for plan and doing alike. It claims what it found, so it is called once for each message,
// in order.
func (r *Runner) decide(ctx context.Context, p *place, s source, m *record.Message) (step, error) {
	st := step{action: actCreate, place: p, source: s, message: m}
	old, exists := p.pool.claim(&m.Message, r.accepts(ctx, p))
	if !exists {
		return st, nil
	}
	switch r.ifExists(s) {
	case Overwrite:
		st.action, st.old = actOverwrite, old
	case Rename:
		beside := r.atlas.besideOf(p)
		st.place = beside
		if err := r.ready(ctx, beside); err != nil {
			return st, err
		}
		if _, exists := beside.pool.claim(&m.Message, func(mail.MessageID) bool { return true }); exists {
			st.action = actSkip
			return st, nil
		}
		st.action = actRename
		r.notes.add(noteRenamed)
	default:
		st.action = actSkip
	}
	return st, nil
}

// accepts returns whether a message that is there may answer for another one with the same identity: not when it is a kept
// message of its own.
func (r *Runner) accepts(ctx context.Context, p *place) func(mail.MessageID) bool {
	return func(id mail.MessageID) bool { return !r.o.Request.SameMailbox || !r.inPoint(ctx, p, id) }
}

func (r *Runner) countAction(a action) {
	r.count(func(rep *Report) {
		switch a {
		case actSkip:
			rep.Skipped++
		case actCreate:
			rep.Created++
		case actRename:
			rep.Renamed++
		case actOverwrite:
			rep.Overwritten++
		}
	})
}

func (r *Runner) count(f func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.report)
}

func (r *Runner) lose(l mail.Loss) { r.o.Observer.Lose(l) }
