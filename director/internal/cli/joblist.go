package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJobList(a *app) *cobra.Command {
	group := ""
	cmd := &cobra.Command{
		Use: "list", Short: "List the jobs", Example: "  holdfast job list\n  holdfast job list --group Everybody",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJobList(cmd.Context(), a, group, cmd.Flags().Changed("group"))
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "only those of this `group`; an empty one lists those of none")
	return cmd
}

func runJobList(ctx context.Context, a *app, group string, one bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListJobs(ctx, &pb.ListJobsRequest{})
	if err != nil {
		return err
	}
	if one {
		r.Jobs = slices.DeleteFunc(r.Jobs, func(j *pb.Job) bool { return !strings.EqualFold(j.GetGroup(), group) })
	}
	slices.SortStableFunc(r.Jobs, func(x, y *pb.Job) int {
		return cmp.Or(boolCompare(x.GetGroup() == "", y.GetGroup() == ""), cmp.Compare(strings.ToLower(x.GetGroup()), strings.ToLower(y.GetGroup())))
	})
	t := newTable("NAME", "GROUP", "SOURCES", "STATE", "LAST RUN", "RESULT", "NEXT START", "ID").numbers(2).shorten(0)
	for _, j := range r.GetJobs() {
		t.row(j.GetName(), orDash(j.GetGroup()), count(int64(len(j.GetSource().GetItems()))), jobState(j), a.when(j.GetLastStart()),
			word(j.GetLastStatus(), "RUN_STATUS_"), a.when(j.GetNextStart()), j.GetId())
	}
	empty := "No jobs yet. Make one with: holdfast job create"
	if one {
		empty = "No job is in this group."
	}
	return a.list(r, t, empty)
}

// jobState says whether a job can run.
func jobState(j *pb.Job) string {
	switch {
	case j.GetDeletion() != nil:
		return "deleting"
	case j.GetDraft():
		return "draft"
	case j.GetEnabled():
		return "enabled"
	}
	return "disabled"
}

// boolCompare puts false before true.
func boolCompare(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}
