package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJobClone(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "clone JOB NAME", Short: "Make a job like another",
		Long: `Makes a job like another under a new name: disabled, and with nothing backed up
yet. It has the same schedules, and starts after the same jobs; what starts after
the other job does not start after it.`,
		Example: "  holdfast job clone Daily \"Daily too\"",
		Args:    takes(2, 2), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobClone(cmd.Context(), a, args[0], args[1]) },
	}
	mapFields(cmd, "job_id", "JOB", "name", "NAME")
	return cmd
}

func runJobClone(ctx context.Context, a *app, ref, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.CloneJob(ctx, &pb.CloneJobRequest{JobId: j.GetId(), Name: name})
	if err != nil {
		return err
	}
	return a.done(r, "Made the job %s (id %s) like %s. It is disabled; enable it with: holdfast job enable %s", r.GetJob().GetName(),
		r.GetJob().GetId(), j.GetName(), shellWord(r.GetJob().GetName()))
}

func newJobRename(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rename JOB NAME", Short: "Give a job another name", Example: "  holdfast job rename Daily Nightly",
		Args: takes(2, 2), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobRename(cmd.Context(), a, args[0], args[1]) },
	}
	mapFields(cmd, "job.id", "JOB", "job.name", "NAME")
	return cmd
}

func runJobRename(ctx context.Context, a *app, ref, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	old := j.GetName()
	j.Name = name
	r, err := c.UpdateJob(ctx, &pb.UpdateJobRequest{Job: j})
	if err != nil {
		return err
	}
	return a.done(r, "The job %s is called %s now.", old, r.GetJob().GetName())
}

func newJobEnable(a *app) *cobra.Command {
	return newJobSwitch(a, true, "enable", "Let jobs run", "Lets jobs run, by their schedules and on demand.")
}

func newJobDisable(a *app) *cobra.Command {
	return newJobSwitch(a, false, "disable", "Keep jobs from running",
		"Keeps jobs from running until they are enabled again. A run that is going\non goes on.")
}

func newJobSwitch(a *app, on bool, name, short, long string) *cobra.Command {
	group := ""
	cmd := &cobra.Command{
		Use: name + " [JOB…]", Short: short, Long: long + "\nAll that are named, or with an error none.",
		Example: "  holdfast job " + name + " Daily Board\n  holdfast job " + name + " --group Everybody",
		Args:    takes(0, 1000), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobSwitch(cmd.Context(), a, args, group, on) },
	}
	cmd.Flags().StringVar(&group, "group", "", "all jobs of this `group`")
	mapFields(cmd, "job_ids", "JOB")
	return cmd
}

func runJobSwitch(ctx context.Context, a *app, refs []string, group string, on bool) error {
	if (len(refs) == 0) == (group == "") {
		return usagef("name jobs, or a --group")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.SetJobsEnabledRequest{Enabled: on}
	for _, ref := range refs {
		j, err := c.job(ctx, ref)
		if err != nil {
			return err
		}
		req.JobIds = append(req.JobIds, j.GetId())
	}
	if group != "" {
		all, err := c.ListJobs(ctx, &pb.ListJobsRequest{})
		if err != nil {
			return err
		}
		for _, j := range all.GetJobs() {
			if strings.EqualFold(j.GetGroup(), group) {
				req.JobIds = append(req.JobIds, j.GetId())
			}
		}
		if len(req.GetJobIds()) == 0 {
			return usagef("no job is in the group %q", group)
		}
	}
	r, err := c.SetJobsEnabled(ctx, req)
	if err != nil {
		return err
	}
	var names []string
	for _, j := range r.GetJobs() {
		names = append(names, j.GetName())
	}
	verb := "Disabled"
	if on {
		verb = "Enabled"
	}
	return a.done(r, "%s %s.", verb, strings.Join(names, ", "))
}
