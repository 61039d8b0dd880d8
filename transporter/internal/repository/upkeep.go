package repository

import (
	"context"

	"holdfast/pkg/fault"
)

// upkeep is work on the whole repository, of which there is one at a time.
type upkeep struct {
	what   string
	ctx    context.Context // of the whole work
	cancel context.CancelFunc
	done   chan struct{}
}

// occupy begins upkeep; while there is other upkeep it is a Conflict. The context it returns ends when the repository is
// closed. Release must be called.
func (r *Repository) occupy(ctx context.Context, what string) (_ context.Context, release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil, fault.New(fault.Unavailable, "repository %q is closed", r.Name())
	}
	if r.upkeep != nil {
		return nil, nil, fault.New(fault.Conflict, "cannot %s repository %q: another task (%s) is at work on it; wait for it to end, or stop it", what, r.Name(), r.upkeep.what)
	}
	ctx, cancel := context.WithCancel(ctx)
	u := &upkeep{what: what, ctx: ctx, cancel: cancel, done: make(chan struct{})}
	r.upkeep = u
	return ctx, func() {
		cancel()
		r.mu.Lock()
		r.upkeep = nil
		r.mu.Unlock()
		close(u.done)
	}, nil
}

// claim keeps sessions from beginning for one backup, or says that one is open. Another claim is waited for.
func (r *Repository) claim(ctx context.Context, s stem) (release func(), open *Session, err error) {
	for {
		r.mu.Lock()
		if open := r.sessionOf(s); open != nil {
			r.mu.Unlock()
			return nil, open, nil
		}
		other := r.claims[s]
		if other == nil {
			done := make(chan struct{})
			r.claims[s] = done
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.claims, s)
				r.mu.Unlock()
				close(done)
			}, nil, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// sessionOf returns the session that has a journal. The caller holds mu.
func (r *Repository) sessionOf(s stem) *Session {
	for backup, session := range r.sessions {
		if stemOf(backup) == s {
			return session
		}
	}
	return nil
}
