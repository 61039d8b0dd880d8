package cli

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// auditPage is how many entries are asked for at a time.
const auditPage = 1000

type auditFlags struct {
	user, area, object, since, until, save string
	failed                                 bool
	limit                                  int
}

func newAudit(a *app) *cobra.Command {
	f := &auditFlags{}
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who did what",
		Long: `Shows what was done, newest first: what changed something, what showed mail,
sign-ins, and what was denied. Mail itself, and what was searched for, is not in
it. With --save all entries that match are saved as lines of JSON.`,
		Example: "  holdfast audit\n  holdfast audit --user anna --since 2026-03-01 --failed\n  holdfast audit --area JobService --save audit.jsonl",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runAudit(cmd.Context(), a, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.user, "user", "", "what the user with this `name` did")
	fl.StringVar(&f.area, "area", "", "an `area` like JobService or Download, or one method like JobService/RunJob")
	fl.StringVar(&f.object, "object", "", "what was done to things with this in their `name`, or with this id; who looked into a mailbox, with its name")
	fl.StringVar(&f.since, "since", "", "from this `day` or time on")
	fl.StringVar(&f.until, "until", "", "before this `day` or time")
	fl.BoolVar(&f.failed, "failed", false, "only what did not succeed")
	fl.IntVar(&f.limit, "limit", 100, "show at most this `number`; 0 for all")
	fl.StringVar(&f.save, "save", "", "save as lines of JSON under this `path`, or - for standard output")
	mapFields(cmd, "filter.area", "--area", "filter.user", "--user", "filter.object", "--object")
	return cmd
}

func runAudit(ctx context.Context, a *app, f *auditFlags) error {
	if f.limit < 0 {
		return usagef("--limit: %d is less than 0", f.limit)
	}
	q := &pb.AuditFilter{User: f.user, Area: f.area, Object: f.object, Failed: f.failed}
	var err error
	if q.Since, err = a.date("--since", f.since); err != nil {
		return err
	}
	if q.Until, err = a.date("--until", f.until); err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	if f.save != "" {
		return a.saved(ctx, c, "/download/audit", auditForm(q), f.save)
	}
	all, err := auditEntries(ctx, c, q, f.limit)
	if err != nil {
		return err
	}
	t := newTable("TIME", "USER", "FROM", "WHAT", "ON", "RESULT", "TIMES").numbers(6).shorten(4)
	for _, e := range all.GetEntries() {
		t.row(a.when(e.GetTime()), auditUser(e), orDash(e.GetRemote()), auditWhat(e), auditObjects(e), first(e.GetFault(), "ok"), fmt.Sprint(e.GetCount()))
	}
	return a.list(all, t, "Nothing of that kind was done.")
}

func auditEntries(ctx context.Context, c *api, q *pb.AuditFilter, limit int) (*pb.ListAuditResponse, error) {
	all := &pb.ListAuditResponse{}
	for {
		size := auditPage
		if limit > 0 {
			size = min(size, limit-len(all.GetEntries()))
		}
		r, err := c.ListAudit(ctx, &pb.ListAuditRequest{Filter: q, PageSize: int32(size), PageToken: all.GetNextPageToken()})
		if err != nil {
			return nil, err
		}
		all.Entries, all.NextPageToken, all.Areas = append(all.GetEntries(), r.GetEntries()...), r.GetNextPageToken(), r.GetAreas()
		if all.GetNextPageToken() == "" || limit > 0 && len(all.GetEntries()) >= limit {
			return all, nil
		}
	}
}

func auditForm(q *pb.AuditFilter) url.Values {
	form := url.Values{}
	for field, value := range map[string]string{
		"user": q.GetUser(), "area": q.GetArea(), "object": q.GetObject(), "since": rfc3339(q.GetSince()), "until": rfc3339(q.GetUntil()),
	} {
		if value != "" {
			form.Set(field, value)
		}
	}
	if q.GetFailed() {
		form.Set("failed", "true")
	}
	return form
}

func rfc3339(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format(time.RFC3339)
}

func auditWhat(e *pb.AuditEntry) string {
	if e.GetPlanOnly() {
		return e.GetMethod() + " (plan only)"
	}
	return e.GetMethod()
}

func auditUser(e *pb.AuditEntry) string {
	if e.GetTokenName() != "" && e.GetKind() == pb.TokenKind_TOKEN_KIND_API {
		return e.GetUser() + " (" + e.GetTokenName() + ")"
	}
	return orDash(e.GetUser())
}

func auditObjects(e *pb.AuditEntry) string {
	var all []string
	for _, o := range e.GetObjects() {
		all = append(all, o.GetKind()+" "+first(o.GetName(), o.GetId()))
	}
	if n := e.GetMoreObjects(); n > 0 {
		all = append(all, fmt.Sprintf("%d more", n))
	}
	return orDash(strings.Join(all, ", "))
}
