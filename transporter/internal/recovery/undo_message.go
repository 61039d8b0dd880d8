package recovery

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// flush deals with the pile.
func (u *Undoer) flush(ctx context.Context) error {
	pile := u.pile
	u.pile = nil
	if len(pile) == 0 {
		return nil
	}
	if err := u.halted(ctx); err != nil {
		return err
	}
	made, err := u.look(ctx, pile, func(d deed) mail.MessageID { return d.made })
	if err != nil {
		return err
	}
	replaced, err := u.look(ctx, pile, func(d deed) mail.MessageID { return d.replaced })
	if err != nil {
		return err
	}
	var mu sync.Mutex
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(u.o.Parallel)
	for i, d := range pile {
		group.Go(func() error {
			report, err := u.message(inner, d, made[i], replaced[i])
			mu.Lock()
			defer mu.Unlock()
			u.report.add(report)
			if err == nil {
				u.done.messages.Add(1)
				u.done.written.Add(report.Removed + report.PutBack)
			}
			return err
		})
	}
	return group.Wait()
}

func (r *UndoReport) add(o UndoReport) {
	r.Removed += o.Removed
	r.Trashed += o.Trashed
	r.PutBack += o.PutBack
	r.Left += o.Left
}

// look returns where the messages of a pile are; none stands nowhere.
func (u *Undoer) look(ctx context.Context, pile []deed, of func(deed) mail.MessageID) ([]Standing, error) {
	all := make([]Standing, len(pile))
	var ids []mail.MessageID
	var which []int
	for i, d := range pile {
		if id := of(d); id != "" {
			ids, which = append(ids, id), append(which, i)
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	found, err := u.o.Target.Look(ctx, ids)
	if err != nil {
		return nil, err
	}
	for n, i := range which {
		all[i] = found[n]
	}
	return all, nil
}

// message undoes one: first what it overwrote comes back, then it goes. An error is one of the undo as a whole.
func (u *Undoer) message(ctx context.Context, d deed, made, replaced Standing) (UndoReport, error) {
	var r UndoReport
	for _, s := range []Standing{made, replaced} {
		if s.Err != nil && !errors.Is(s.Err, fault.NotFound) {
			return u.left(r, d, "it could not be looked up: ", s.Err)
		}
	}
	if d.replaced != "" {
		back, err := u.putBack(ctx, d, replaced)
		switch {
		case err != nil:
			return u.left(r, d, "the message that it replaced could not be put back, so both stay as they are: ", err)
		case back:
			r.PutBack++
		}
	}
	switch {
	case errors.Is(made.Err, fault.NotFound), u.thrownAway(made.Folder) && made.Folder != d.folder:
		r.Removed++ // somebody removed it, or an earlier attempt of this undo
		return r, nil
	case made.Folder != d.folder:
		return u.left(r, d, "it was moved to another folder since", nil)
	}
	changed := d.change != "" && made.ChangeKey != "" && d.change != made.ChangeKey
	var err error
	switch {
	case u.o.PlanOnly:
	case changed:
		err = u.o.Target.Remove(ctx, d.folder, d.made)
	default:
		err = u.o.Target.Discard(ctx, d.folder, d.made)
	}
	if err != nil {
		return u.left(r, d, "it could not be removed: ", err)
	}
	r.Removed++
	if changed {
		r.Trashed++
	}
	return r, nil
}

// putBack returns the overwritten message to its folder. It is false when there is nothing to do: it lies there, or
// somebody put it elsewhere since, where it stays.
func (u *Undoer) putBack(ctx context.Context, d deed, s Standing) (bool, error) {
	switch {
	case errors.Is(s.Err, fault.NotFound):
		return false, fault.New(fault.NotFound, "it was deleted for good since")
	case s.Folder == d.folder, !u.thrownAway(s.Folder):
		return false, nil
	case u.o.PlanOnly:
		return true, nil
	}
	return true, u.o.Target.Move(ctx, d.replaced, d.folder)
}

// thrownAway reports whether what lies in the folder was deleted. A folder that is not listed is a hidden part of
// Recoverable Items.
func (u *Undoer) thrownAway(folder mail.FolderID) bool { return u.trash[folder] || !u.there[folder] }

// left records that a message stays, or ends the undo when that is not the message's fault.
func (u *Undoer) left(r UndoReport, d deed, why string, err error) (UndoReport, error) {
	if err != nil {
		if fatalKind(err) || fault.Temporary(err) {
			return r, err
		}
		why += err.Error()
	}
	r.Left++
	u.o.Observer.Lose(mail.Loss{Message: d.made, Folder: d.folder, What: "message", Reason: why, RequestID: requestID(err)})
	return r, nil
}
