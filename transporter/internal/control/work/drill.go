package work

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/drill"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

// cleanWait is for how long a drill that was stopped at once still removes what it made.
const cleanWait = 20 * time.Second

// Drill returns the work of a recovery drill with one mailbox.
func (b *Bench) Drill(id string, req *transporterv1.DrillWork) (task.Work, error) {
	box, err := mailboxIn(req.GetMailbox())
	if err != nil {
		return nil, err
	}
	files, err := b.drillFiles(id)
	switch {
	case err != nil:
		return nil, err
	case req.GetRepositoryId() == "" || req.GetPointId() == "":
		return nil, fault.InvalidField("drill.point_id", "the drill has no point to take messages from")
	case req.GetMessages() < 1 || req.GetMessages() > drill.MaxMessages:
		return nil, fault.InvalidField("drill.messages", "a drill takes 1 to %d messages", drill.MaxMessages)
	case req.GetFolder() == "":
		return nil, fault.InvalidField("drill.folder", "the drill has no folder")
	}
	return &drillWork{bench: b, id: id, req: req, mailbox: box, files: files}, nil
}

type drillWork struct {
	bench   *Bench
	id      string
	req     *transporterv1.DrillWork
	mailbox mail.Mailbox
	files   drillFiles
	report  drill.Report
}

// drillTarget is a test mailbox: what a drill made goes for good, also when it was changed since.
type drillTarget struct{ undoTarget }

// Remove implements recovery.UndoTarget.
func (t drillTarget) Remove(ctx context.Context, folder mail.FolderID, id mail.MessageID) error {
	return t.Discard(ctx, folder, id)
}

// Do implements task.Work.
func (w *drillWork) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	client, err := w.bench.o.Accounts.Client(w.req.GetAccount())
	if err != nil {
		return task.Outcome{}, err
	}
	box := mailbox{client: client, id: w.mailbox.ID, now: w.bench.o.Now}
	w.report = drill.Report{}
	r.Poll(func() task.Live {
		requests := box.Requests()
		return task.Live{Waiting: box.Waiting(), Progress: task.Progress{Requests: sum(requests), RequestsByKind: requests}}
	})
	err = w.all(ctx, stop, box, r)
	if err == nil {
		err = w.report.Err()
	}
	report := w.report
	return task.Outcome{Drill: &report}, err
}

// phase tells what is done now.
func (w *drillWork) phase(r *task.Reporter, phase string) error {
	r.Phase(phase)
	if w.bench.drilling == nil {
		return nil
	}
	return w.bench.drilling(phase)
}

// all does the drill, and removes what it made however it went.
func (w *drillWork) all(ctx context.Context, stop <-chan struct{}, box mailbox, r *task.Reporter) (err error) {
	own := drillState{Account: mail.AccountID(w.req.GetAccount().GetId()), Mailbox: w.mailbox.ID}
	if err := w.leftovers(ctx, own, box, r); err != nil {
		return err
	}
	if err := w.phase(r, "opening the recovery point"); err != nil {
		return err
	}
	point, _, done, err := w.bench.o.Repositories.Point(ctx, w.req.GetRepositoryId(), record.PointID(w.req.GetPointId()))
	if err != nil {
		return err
	}
	defer done()
	if err := w.files.write(own); err != nil {
		return err
	}
	defer func() {
		own.Cleaning = true
		err = errors.Join(err, w.clean(ctx, own, w.files, box, r))
	}()
	if err := w.phase(r, "choosing messages"); err != nil {
		return err
	}
	folders, err := point.Folders(ctx)
	if err != nil {
		return err
	}
	sample, err := drill.Sample(ctx, folders, point.Messages, w.id, int(w.req.GetMessages()))
	if err != nil {
		return err
	}
	if w.report.Messages = int64(len(sample)); len(sample) == 0 {
		return fault.New(fault.NotFound, "the point has no message that could be taken; choose another mailbox, or wait for its next backup")
	}
	lost, err := w.recover(ctx, stop, point, sample, box, r)
	if err != nil {
		return err
	}
	return w.compare(ctx, stop, point, sample, lost, box, r)
}

// leftovers removes what earlier drills left in the mailbox, this one too when it died while it cleaned up.
func (w *drillWork) leftovers(ctx context.Context, own drillState, box mailbox, r *task.Reporter) error {
	left, err := w.bench.leftDrills(own, w.files)
	if err != nil {
		return err
	}
	if s, there, err := w.files.read(); err != nil {
		return err
	} else if there && s.Cleaning {
		left = append(left, w.files)
	}
	for _, f := range left {
		if err := w.clean(ctx, own, f, box, r); err != nil {
			return fmt.Errorf("remove what an earlier drill left: %w", err)
		}
	}
	w.report.Left = 0 // of earlier ones it is told by their own reports
	return nil
}

// recover brings the sample into a folder of the drill's own, and returns why messages did not come back, by their ids.
func (w *drillWork) recover(ctx context.Context, stop <-chan struct{}, point recovery.Point, sample []recovery.Ref, box mailbox, r *task.Reporter) (map[mail.MessageID]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	heard := &drillObserver{w: w, r: r, end: cancel, lost: map[mail.MessageID]string{}}
	_, err := recovery.New(recovery.Options{
		Point: point, Target: target{box}, PointID: w.req.GetPointId(), TargetID: string(w.mailbox.ID), Journal: w.files.journal,
		Request:  recovery.Request{Task: w.id, Selection: recovery.Selection{Messages: sample}, Into: w.req.GetFolder()},
		Observer: heard, Parallel: int(w.req.GetAccount().GetLimits().GetRequestsInFlight()),
	}).Run(ctx, stop)
	return heard.lost, err
}

// drillObserver hears of a drill's recovery. A message that does not come back is told by the drill's report.
type drillObserver struct {
	w    *drillWork
	r    *task.Reporter
	end  context.CancelCauseFunc
	mu   sync.Mutex
	lost map[mail.MessageID]string
}

func (o *drillObserver) Phase(phase string) {
	if err := o.w.phase(o.r, "recovering: "+phase); err != nil {
		o.end(err)
	}
}

func (o *drillObserver) Lose(l mail.Loss) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost[l.Message] = l.Reason
}

// compare reads back what was made and compares it with what is kept.
func (w *drillWork) compare(ctx context.Context, stop <-chan struct{}, point recovery.Point, sample []recovery.Ref, lost map[mail.MessageID]string, box mailbox, r *task.Reporter) error {
	if err := w.phase(r, "reading back and comparing"); err != nil {
		return err
	}
	made, err := recovery.Made(w.files.journal)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(4) // which is what Microsoft allows (contract 10.1)
	for _, ref := range sample {
		select {
		case <-stop:
			group.Go(func() error { return fault.New(fault.Canceled, "stopped after the current message") })
		default:
		}
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			id, ok := made(ref)
			if !ok {
				mu.Lock()
				defer mu.Unlock()
				why := lost[ref.Message]
				if why == "" {
					why = "it was not recovered"
				}
				w.report.Miss(ref.Folder, ref.Message, why)
				return nil
			}
			return w.compareOne(inner, &mu, point, ref, id, box)
		})
	}
	return group.Wait()
}

func (w *drillWork) compareOne(ctx context.Context, mu *sync.Mutex, point recovery.Point, ref recovery.Ref, id mail.MessageID, box mailbox) error {
	kept, err := point.Message(ctx, ref.Folder, ref.Message)
	if err != nil {
		return fmt.Errorf("read the kept message again: %w", err)
	}
	kept.Folder = ref.Folder
	back, err := readBack(ctx, box, id)
	if errors.Is(err, fault.NotFound) {
		mu.Lock()
		defer mu.Unlock()
		w.report.Miss(ref.Folder, ref.Message, "it was recovered, and is not in the test mailbox any more")
		return nil
	}
	if err != nil {
		return err
	}
	compared, found, err := drill.Compare(ctx, kept, back, point.Open)
	if err != nil {
		return fmt.Errorf("read the content of a kept message: %w", err)
	}
	mu.Lock()
	defer mu.Unlock()
	w.report.Add(kept, compared, found)
	return nil
}

// readBack reads a message with its attachments, of which only lengths and hashes are held.
func readBack(ctx context.Context, box mailbox, id mail.MessageID) (*drill.Back, error) {
	m, body, err := box.client.Message(ctx, box.id, id)
	if err != nil {
		return nil, err
	}
	back := &drill.Back{Message: m, Body: body}
	if !graph.HasAttachments(m, body) {
		return back, nil
	}
	err = box.client.Attachments(ctx, box.id, id, func(a graph.Attachment) error {
		one, err := backAttachment(&a)
		back.Attachments = append(back.Attachments, one)
		return err
	})
	return back, err
}

func backAttachment(a *graph.Attachment) (drill.BackAttachment, error) {
	out := drill.BackAttachment{Attachment: a.Attachment, Err: a.Err}
	if a.Item != nil {
		out.Item = &drill.Back{Message: a.Item.Message, Body: a.Item.Body}
		for i := range a.Item.Attachments {
			in, err := backAttachment(&a.Item.Attachments[i])
			if err != nil {
				return out, err
			}
			out.Item.Attachments = append(out.Item.Attachments, in)
		}
		return out, nil
	}
	if a.Content == nil {
		return out, nil
	}
	h := sha256.New()
	n, err := io.Copy(h, a.Content)
	out.Length = n
	h.Sum(out.Hash[:0])
	return out, err
}

// clean removes what a drill made, for good, and forgets the drill when nothing is left. One that was stopped at once still
// has a little time for it; what it does not do then the next drill does.
func (w *drillWork) clean(ctx context.Context, s drillState, files drillFiles, box mailbox, r *task.Reporter) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), cleanWait)
		defer cancel()
	}
	if err := w.phase(r, "removing what the drill made"); err != nil {
		return err
	}
	s.Cleaning = true
	if err := files.write(s); err != nil {
		return err
	}
	if err := w.phase(r, "removing it"); err != nil {
		return err
	}
	undo := recovery.NewUndo(recovery.UndoOptions{
		Journal: files.journal, Target: drillTarget{undoTarget{target{box}}}, Observer: &drillCleaning{w: w, r: r},
		Parallel: int(w.req.GetAccount().GetLimits().GetRequestsInFlight()),
	})
	report, err := undo.Run(ctx, nil)
	if err != nil && !errors.Is(err, fault.NotFound) { // without a journal nothing was made
		return err
	}
	if left := report.Left + report.FoldersLeft; left > 0 {
		w.report.Left += left
		return nil
	}
	return files.remove()
}

// drillCleaning hears of what a drill made and could not be removed.
type drillCleaning struct {
	w *drillWork
	r *task.Reporter
}

func (o *drillCleaning) Phase(string) {}

func (o *drillCleaning) Lose(l mail.Loss) {
	l.Reason = "it was made by the drill and is still in the test mailbox: " + l.Reason
	o.r.Lose(l)
}
