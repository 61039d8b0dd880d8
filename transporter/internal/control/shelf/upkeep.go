package shelf

import (
	"context"
	"errors"
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/task"
)

// Recreate deletes what is in a repository, and opens it empty and keeps it open. One that is attached is a Conflict.
func (s *Shelf) Recreate(ctx context.Context, r Request) (string, error) {
	own, err := repository.ParseID(r.ID)
	if err != nil {
		return "", err
	}
	begun := false
	id, err := s.open(ctx, own, r, func() (*repository.Repository, error) {
		begun = true
		is, name, err := repository.Identify(r.Path)
		if err != nil {
			return nil, err
		}
		if !same(is, own) {
			return nil, fault.New(fault.Conflict, "in %s lies another repository (%q) than the one to be begun anew; nothing was deleted", r.Path, name)
		}
		return repository.Recreate(ctx, s.options(r))
	})
	if err == nil && !begun {
		return "", fault.New(fault.Conflict, "repository %s is attached; detach it first, then begin it anew; nothing was deleted", r.ID)
	}
	return id, err
}

// Verify implements work.Upkeep.
func (s *Shelf) Verify(ctx context.Context, id string, full bool, progress func(work.Progress)) (task.VerifyReport, error) {
	repo, done, err := s.Use(id)
	if err != nil {
		return task.VerifyReport{}, err
	}
	defer done()
	mode := repository.VerifyQuick
	if full {
		mode = repository.VerifyFull
	}
	found, err := repo.Verify(ctx, mode, tell(progress))
	if err != nil {
		return task.VerifyReport{}, err
	}
	return VerifyReport(ctx, repo, found), nil
}

func tell(progress func(work.Progress)) func(repository.Progress) {
	return func(p repository.Progress) {
		progress(work.Progress{Phase: p.Phase, Done: p.Done, Total: p.Total, Bytes: p.Bytes})
	}
}

// VerifyReport returns what a verification found, in sentences: first what people miss, then where it comes from.
func VerifyReport(ctx context.Context, repo *repository.Repository, found *repository.Report) task.VerifyReport {
	out := task.VerifyReport{Points: found.Points, Blobs: found.Blobs, Bytes: found.Bytes, Damage: affected(found.Affected)}
	for _, p := range found.Problems {
		out.Damage = append(out.Damage, fmt.Sprintf("%s: %s", p.Path, p.Reason))
	}
	room := max(0, task.MaxLosses-1-len(out.Damage))
	listed := found.Damage[:min(len(found.Damage), room)]
	out.Damage = append(out.Damage, DamageInWords(ctx, repo, listed)...)
	if more := len(found.Damage) - len(listed); more > 0 {
		out.Damage = append(out.Damage, fmt.Sprintf("and %d more blobs are damaged", more))
	}
	return out
}

// Reclaim implements work.Upkeep.
func (s *Shelf) Reclaim(ctx context.Context, id string, progress func(work.Progress)) (out task.ReclaimReport, err error) {
	e, done, err := s.use(id)
	if err != nil {
		return out, err
	}
	defer done()
	defer e.search.Sweep()
	r, err := e.repo.Reclaim(ctx, repository.ReclaimOptions{}, tell(progress))
	if r == nil {
		return out, err
	}
	out = task.ReclaimReport{
		Freed: r.Freed, Blobs: r.Blobs, Dropped: int64(r.Dropped), Rewritten: int64(r.Rewritten), Written: int64(r.Written), Garbage: r.Garbage,
	}
	for i := range r.Left[:min(len(r.Left), task.MaxLosses)] {
		out.Left = append(out.Left, fmt.Sprintf("%s: %s", r.Left[i].Path, r.Left[i].Reason))
	}
	return out, err
}

// Survey implements work.Upkeep.
func (s *Shelf) Survey(ctx context.Context, id string, progress func(work.Progress)) (task.SurveyReport, error) {
	repo, done, err := s.Use(id)
	if err != nil {
		return task.SurveyReport{}, err
	}
	defer done()
	found, err := repo.Survey(ctx, tell(progress))
	if err != nil {
		return task.SurveyReport{}, err
	}
	return SurveyReport(found), nil
}

// SurveyReport sums up what a survey found.
func SurveyReport(s *repository.Survey) task.SurveyReport {
	return task.SurveyReport{
		Taken: s.Taken, Needed: s.Content.Stored + s.Trees.Stored, Garbage: s.Garbage.Stored, Unreadable: s.Unreadable,
	}
}

// Copy implements work.Upkeep.
func (s *Shelf) Copy(ctx context.Context, c work.Copy, progress func(work.Progress)) (out task.CopyReport, err error) {
	from, done, err := s.Use(c.From)
	if err != nil {
		return out, err
	}
	defer done()
	target, done, err := s.use(c.To)
	if err != nil {
		return out, err
	}
	defer done()
	defer target.search.Wake()
	options := repository.CopyOptions{Points: c.Points, Newest: c.Newest, Thorough: c.Thorough}
	if options.Backups, err = backupsOf(ctx, from, c.Key); err != nil {
		return out, err
	}
	options.Progress = func(p repository.CopyProgress) {
		progress(work.Progress{Phase: "copying points", Done: p.Points, Total: p.Total, New: p.Bytes})
	}
	session, err := target.repo.BeginCopy()
	if err != nil {
		return out, err
	}
	report, err := from.Copy(ctx, session, options)
	err = errors.Join(err, session.Close())
	out = task.CopyReport{
		Copied: report.Copied, Present: report.Present, Deleted: report.Deleted, LeftOut: int64(len(report.LeftOut)), Blobs: report.Sent,
		Bytes: report.Bytes,
	}
	for i := range report.LeftOut[:min(len(report.LeftOut), task.MaxLosses)] {
		out.Reasons = append(out.Reasons, leftOut(ctx, from, &report.LeftOut[i]))
	}
	return out, err
}

// backupsOf returns the backups that fit a key whose empty fields match all; nil when it is all empty.
func backupsOf(ctx context.Context, r *repository.Repository, key record.BackupKey) ([]record.BackupKey, error) {
	if key == (record.BackupKey{}) {
		return nil, nil
	}
	all, err := r.Backups(ctx)
	if err != nil {
		return nil, err
	}
	var keys []record.BackupKey
	for i := range all {
		k := all[i].Key
		if (key.Account == "" || key.Account == k.Account) && (key.Mailbox == "" || key.Mailbox == k.Mailbox) && (key.Job == "" || key.Job == k.Job) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.NotFound, "repository %q has no backup that fits; list its points to see those it has", r.Name())
	}
	return keys, nil
}

// leftOut tells in a sentence why a point was not copied.
func leftOut(ctx context.Context, from *repository.Repository, l *repository.LeftOut) string {
	mailbox := l.Point.Origin.MailboxAddress
	if mailbox == "" {
		mailbox = string(l.Point.Key.Mailbox)
	}
	out := fmt.Sprintf("mailbox %s, the point of %s was left out: ", mailbox, day(l.Point.Time))
	if l.Damaged == 0 {
		return out + "it was deleted while it was copied"
	}
	out += DamageInWords(ctx, from, l.Damage[:1])[0]
	if l.Damaged > 1 {
		out += fmt.Sprintf("; %d parts of it cannot be read in all", l.Damaged)
	}
	return out
}
