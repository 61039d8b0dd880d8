package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// deletionEvery is how often the progress of a deletion is asked for.
const deletionEvery = 500 * time.Millisecond

type jobDeleteFlags struct {
	backups, watch bool
	confirmName    string
}

func newJobDelete(a *app) *cobra.Command {
	f := &jobDeleteFlags{}
	cmd := &cobra.Command{
		Use: "delete JOB", Short: "Delete a job, and keep its backups or not",
		Long: `Deletes a job. Its backups stay in their repositories and stay recoverable.

With --backups all its recovery points are deleted for ever, in every repository,
copies too; you are asked to type the job's name. The job stays in the list until
the last of them is gone: where a repository is detached or out of reach, the
Director goes on once it is back, and "holdfast job show" tells how far it is. To
end that and keep the rest, delete the job once more without --backups. The space
of what was deleted comes back with "holdfast repository reclaim".

With --watch the command waits for the end; it ends with 3 when something waits.`,
		Example: "  holdfast job delete Daily --yes\n  holdfast job delete Daily --backups --confirm-name Daily",
		Args:    takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobDelete(cmd.Context(), a, f, args[0]) },
	}
	cmd.Flags().BoolVar(&f.backups, "backups", false, "delete all its recovery points too")
	cmd.Flags().StringVar(&f.confirmName, "confirm-name", "", "the job's `name`, to confirm --backups")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "with --backups: show the progress and wait for the end")
	mapFields(cmd, "job_id", "JOB", "backups", "--backups", "confirm_name", "--confirm-name")
	return cmd
}

func runJobDelete(ctx context.Context, a *app, f *jobDeleteFlags, ref string) error {
	if !f.backups && (f.watch || f.confirmName != "") {
		return usagef("--watch and --confirm-name are for --backups")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	if f.backups {
		return a.deleteWithBackups(ctx, c, f, j)
	}
	question := "Delete the job " + j.GetName() + "? Its backups stay."
	if j.GetDeletion() != nil {
		question = "End the deletion of " + j.GetName() + "'s backups? What is left of them stays."
	}
	if err := a.confirm(ctx, question); err != nil {
		return err
	}
	r, err := c.DeleteJob(ctx, &pb.DeleteJobRequest{JobId: j.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Deleted the job %s. Its backups stay recoverable.", j.GetName())
}

func (a *app) deleteWithBackups(ctx context.Context, c *api, f *jobDeleteFlags, j *pb.Job) error {
	name, err := a.typeJobName(ctx, c, f, j)
	if err != nil {
		return err
	}
	r, err := c.DeleteJob(ctx, &pb.DeleteJobRequest{JobId: j.GetId(), Backups: true, ConfirmName: name})
	if err != nil {
		return err
	}
	if f.watch {
		return a.watchDeletion(ctx, c, r.GetJob())
	}
	return a.done(r, "%s is being deleted with its backups. See how far it is with: holdfast job show %s. The space comes back with: holdfast repository reclaim",
		j.GetName(), shellWord(j.GetName()))
}

// typeJobName makes a person write the name of what will be gone for ever, after saying how much that is. --yes stands for it.
func (a *app) typeJobName(ctx context.Context, c *api, f *jobDeleteFlags, j *pb.Job) (string, error) {
	given := f.confirmName
	switch {
	case given != "":
	case a.flags.yes:
		return j.GetName(), nil
	case a.Terminal == nil:
		return "", usagef("--backups needs --confirm-name with the job's name, or --yes; nothing was deleted")
	default:
		what, err := c.backupsOf(ctx, j)
		if err != nil {
			return "", err
		}
		a.note("The job %s and its backups will be deleted for ever: %s.", j.GetName(), what)
		if given, err = a.Terminal.ReadLine(ctx, "Type the name of the job to go on: "); err != nil {
			return "", err
		}
	}
	if given != j.GetName() {
		return "", fault.InvalidField("confirm_name", "%q is not the name of this job; nothing was deleted", given)
	}
	return given, nil
}

// backupsOf says how many recovery points of a job there are in which repository.
func (c *api) backupsOf(ctx context.Context, j *pb.Job) (string, error) {
	all, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return "", err
	}
	var parts []string
	for _, r := range all.GetRepositories() {
		if !r.GetAttached() {
			parts = append(parts, "what is in "+r.GetName()+", once it is attached")
			continue
		}
		list, err := c.ListBackups(ctx, &pb.ListBackupsRequest{RepositoryId: r.GetId(), Limit: 10_000})
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			parts = append(parts, "what is in "+r.GetName()+", which does not answer now")
			continue
		}
		points, some := int64(0), ""
		for _, b := range list.GetBackups() {
			if b.GetJobId() == j.GetId() {
				points += b.GetPoints()
			}
		}
		if list.GetTotal() > int64(len(list.GetBackups())) {
			some = "at least "
		}
		if points > 0 || some != "" {
			parts = append(parts, fmt.Sprintf("%s%s in %s", some, counted(points, "recovery point"), r.GetName()))
		}
	}
	return first(strings.Join(parts, "; "), "there are none"), nil
}

// watchDeletion shows how far a deletion is until it ended, or only waits.
func (a *app) watchDeletion(ctx context.Context, c *api, j *pb.Job) error {
	told := ""
	for {
		r, err := c.GetJob(ctx, &pb.GetJobRequest{JobId: j.GetId()})
		if errors.Is(err, fault.NotFound) {
			return a.done(&pb.DeleteJobResponse{}, "Deleted the job %s and all its backups. The space comes back with: holdfast repository reclaim", j.GetName())
		}
		if err != nil {
			return err
		}
		text, waits := deletionText(r.GetJob().GetDeletion())
		if text != told {
			told = text
			a.note("%s", text)
		}
		if waits {
			if err := a.done(r, "The rest is deleted once that is back. See how far it is with: holdfast job show %s", shellWord(j.GetName())); err != nil {
				return err
			}
			return outcome{exitIncomplete}
		}
		if err := a.Wait(ctx, deletionEvery); err != nil {
			return err
		}
	}
}

// deletionText says how far a deletion is, and whether nothing of it goes on.
func deletionText(d *pb.Deletion) (text string, waits bool) {
	var parts []string
	waits = len(d.GetPlaces()) > 0
	for _, p := range d.GetPlaces() {
		switch {
		case p.GetWaiting() != "":
			parts = append(parts, fmt.Sprintf("%s waits (%s)", p.GetName(), p.GetWaiting()))
		case p.GetDone() && p.GetDeleted() > 0:
			parts = append(parts, fmt.Sprintf("%s in %s deleted", counted(p.GetDeleted(), "recovery point"), p.GetName()))
		case p.GetDone():
		default:
			waits = false
			parts = append(parts, fmt.Sprintf("%s in %s deleted so far", counted(p.GetDeleted(), "recovery point"), p.GetName()))
		}
	}
	done := true
	for _, p := range d.GetPlaces() {
		done = done && p.GetDone()
	}
	return first(strings.Join(parts, "; "), "nothing to delete"), waits && !done
}
