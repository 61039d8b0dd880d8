package shelf

import (
	"context"
	"fmt"

	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/task"
)

// maxAffected bounds the folders and points of which a report tells.
const maxAffected = task.MaxLosses / 2

// affected tells what people miss, folder by folder of each point. It names mailboxes, times and folders, no subjects.
func affected(list []repository.Affected) []string {
	var out []string
	for i := range list {
		if i == maxAffected {
			return append(out, fmt.Sprintf("and %d folders and points more", len(list)-i))
		}
		out = append(out, missing(&list[i]))
	}
	return out
}

func missing(a *repository.Affected) string {
	where := pointName(&a.Point)
	switch {
	case a.Folder == "" && a.Messages == 0:
		return fmt.Sprintf("%s: %s", where, a.Reason)
	case a.Folder == "":
		return fmt.Sprintf("%s: %s cannot be reached: %s", where, messages(a.Messages), a.Reason)
	case a.Messages == 0:
		return fmt.Sprintf("%s, folder %s: %s", where, a.Path, a.Reason)
	default:
		return fmt.Sprintf("%s, folder %s: %s cannot be read whole: %s", where, a.Path, messages(a.Messages), a.Reason)
	}
}

func pointName(p *record.Point) string {
	mailbox := p.Origin.MailboxAddress
	if mailbox == "" {
		mailbox = string(p.Key.Mailbox)
	}
	return fmt.Sprintf("mailbox %s, the point of %s", mailbox, day(p.Time))
}

func messages(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// Repair implements work.Upkeep. It may run beside sessions.
func (s *Shelf) Repair(ctx context.Context, id string, progress func(work.Progress)) (task.RepairReport, error) {
	e, done, err := s.use(id)
	if err != nil {
		return task.RepairReport{}, err
	}
	defer done()
	repo := e.repo
	defer e.search.Repaired()
	repaired, err := repo.Repair(ctx, repository.RepairOptions{}, tell(progress))
	if err != nil {
		return task.RepairReport{}, err
	}
	return RepairReport(ctx, repo, repaired), nil
}

// RepairReport returns what a repair did, or would do, in sentences.
func RepairReport(ctx context.Context, repo *repository.Repository, r *repository.Repaired) task.RepairReport {
	left := VerifyReport(ctx, repo, r.Left)
	out := task.RepairReport{Points: left.Points, Blobs: left.Blobs, Bytes: left.Bytes, Damage: left.Damage}
	for i := range r.Files {
		if i == maxAffected {
			out.Repaired = append(out.Repaired, fmt.Sprintf("and %d files more", len(r.Files)-i))
			break
		}
		out.Repaired = append(out.Repaired, repairedFile(&r.Files[i], r.DryRun))
	}
	if r.Points > 0 {
		out.Repaired = append(out.Repaired, fmt.Sprintf("%d recovery points were found again", r.Points))
	}
	for i := range r.Backups {
		if i == maxAffected {
			out.Repaired = append(out.Repaired, fmt.Sprintf("and %d backups more read again what is lost", len(r.Backups)-i))
			break
		}
		out.Repaired = append(out.Repaired, again(&r.Backups[i]))
	}
	return out
}

func again(b *repository.RepairedBackup) string {
	what := "what is damaged of it"
	if b.Messages > 0 {
		what = "what is lost of " + messages(b.Messages)
	}
	return fmt.Sprintf("%s: the next run reads %s again from the mailbox, as far as it is still there", pointName(&b.Newest), what)
}

func repairedFile(f *repository.RepairedFile, dry bool) string {
	counts := fmt.Sprintf("%d blobs are whole, %d of them nowhere else, %d are lost", f.Whole, f.Kept, f.Lost)
	switch f.Action {
	case repository.Adopted:
		return f.Path + ": it is whole and belongs to the repository again"
	case repository.LeftAlone:
		return fmt.Sprintf("%s: left alone: %s", f.Path, f.Reason)
	case repository.Searched:
		counts = fmt.Sprintf("%d blobs are whole, %d of them nowhere else", f.Whole, f.Kept)
	case repository.Rewritten:
	}
	out := fmt.Sprintf("%s: %s; %s", f.Path, f.Reason, counts)
	switch {
	case dry, f.Now == f.Path:
		return out
	case f.Now == "":
		return out + "; removed"
	default:
		return out + "; set aside as " + f.Now
	}
}
