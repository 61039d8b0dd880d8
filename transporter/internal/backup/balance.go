package backup

import (
	"context"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/balance"
)

// count notes what the mailbox holds at the end of the run. Where the run met any change, folders are listed once more, as
// their counts may be others by now, and those that are left out are asked for; where nothing came and nothing went, all is
// taken to be what it was, which costs no request. A listing that fails costs only the ledger: the run has all that it came for.
func (e *engine) count(ctx context.Context) (*balance.Ledger, error) {
	s := e.progress.Snapshot()
	quiet := s.Changed+s.Deleted == 0 && e.vault.vault.State().Base != ""
	now := e.tree.folders()
	if !quiet {
		if e.stopping() {
			return nil, errStopped()
		}
		var err error
		if now, err = e.src.Folders(ctx); err != nil {
			return nil, e.uncounted(ctx, err)
		}
	}
	l := &balance.Ledger{After: make(map[mail.FolderID]int64, len(now)), Same: quiet}
	for i := range now {
		f := &now[i]
		if e.tree.has(f.ID) {
			l.After[f.ID] = int64(f.Total)
			continue
		}
		l.Add(balance.Outside{ID: f.ID, Parent: f.Parent, Name: text(f.Name), Total: int64(f.Total), Why: balance.Young})
	}
	if from, ok := e.src.(Sparing); ok && !quiet {
		list, err := from.LeftOut(ctx)
		if err != nil {
			return nil, e.uncounted(ctx, err)
		}
		for _, o := range list {
			o.Name = text(o.Name)
			l.Add(o)
		}
	}
	return l, nil
}

// uncounted returns the error of a listing that ends the run; nil when only the ledger is lost.
func (e *engine) uncounted(ctx context.Context, err error) error {
	if isStopped(err) || ctx.Err() != nil {
		return wrap(err, "count the folders")
	}
	return nil
}
