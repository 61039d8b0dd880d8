package api

import (
	"context"
	"encoding/base64"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"holdfast/director/internal/growth"
	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type overviews struct{ Options }

// What is listed when the request does not say how much, and how many activities are.
const (
	defaultProblems = 100
	defaultDays     = 14
	maxShownRunning = 50
)

func (s *overviews) GetOverview(_ context.Context, q *directorv1.GetOverviewRequest) (*directorv1.GetOverviewResponse, error) {
	st, err := s.Overview.Look()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.GetOverviewResponse{
		AsOf: stamp(st.At), Accounts: int32(len(st.Accounts)), Jobs: int32(len(st.Jobs)), Transporters: int32(len(st.Transporters)),
		Repositories: int32(len(st.Repositories)), RunningTotal: int32(len(st.Running)), Protection: showProtection(&st.Protection),
		Space: showSpace(st),
	}
	for i := range st.Problems {
		p := &st.Problems[i]
		switch p.Severity {
		case overview.Critical:
			answer.Critical++
		case overview.Warning:
			answer.Warnings++
		default:
			answer.Notices++
		}
		if i < orDefault(q.GetLimit(), defaultProblems) {
			answer.Problems = append(answer.Problems, showProblem(p))
		}
	}
	for _, backups := range []bool{true, false} {
		for _, v := range st.Running {
			if (v.Kind == record.KindBackup) == backups && len(answer.Running) < maxShownRunning {
				v.LossesMore += int64(len(v.Losses))
				v.Losses = nil
				answer.Running = append(answer.Running, showActivity(v))
			}
		}
	}
	var enabled []record.Job
	for i := range st.Jobs {
		if st.Jobs[i].Enabled {
			enabled = append(enabled, st.Jobs[i])
		}
	}
	answer.JobsEnabled = int32(len(enabled))
	for _, t := range st.Transporters {
		if s.Fleet.Status(t.ID).Reachable {
			answer.TransportersReachable++
		}
	}
	for i := range st.Repositories {
		if st.Repositories[i].Attached {
			answer.RepositoriesAttached++
		}
	}
	if next := scheduler.Starts(enabled, s.Now(), 1); len(next) > 0 {
		answer.NextStart, answer.NextJobId, answer.NextJobName = stamp(next[0].Start), string(next[0].Job), next[0].JobName
	}
	return answer, nil
}

func showProtection(p *overview.Protection) *directorv1.Protection {
	return &directorv1.Protection{
		Mailboxes: p.Mailboxes, Protected: p.Protected, Waiting: p.Waiting, Late: p.Late, Unprotected: p.Unprotected, Excluded: p.Excluded,
		Gone: p.Gone, Failed: p.Failed, Incomplete: p.Incomplete,
	}
}

// showSpace adds up the attached repositories. Those of one machine whose disks have the same size, and as much free, are
// taken to share one; Transporters at one host are on one machine.
func showSpace(st *overview.State) *directorv1.Space {
	type disk struct {
		machine     string
		total, free int64
	}
	machines := map[record.TransporterID]string{}
	for i := range st.Transporters {
		machines[st.Transporters[i].ID] = machineOf(st.Transporters[i].Address)
	}
	out := &directorv1.Space{}
	seen := map[disk]bool{}
	for i := range st.Repositories {
		r := &st.Repositories[i]
		if !r.Attached {
			continue
		}
		t := r.Statistics
		out.LogicalBytes += t.LogicalBytes
		out.UniqueBytes += t.UniqueBytes
		out.StoredBytes += t.StoredBytes
		if t.Survey != nil {
			out.GarbageBytes += t.Survey.Garbage
		}
		if d := (disk{machines[r.Transporter], t.TotalBytes, t.FreeBytes >> 26}); !seen[d] {
			seen[d] = true
			out.FreeBytes += t.FreeBytes
			out.TotalBytes += t.TotalBytes
		}
	}
	return out
}

// machineOf names the machine at an address: its host, the Director's own being one under all its loopback addresses.
func machineOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return "localhost"
	}
	return strings.ToLower(host)
}

func showProblem(p *overview.Problem) *directorv1.Problem {
	out := &directorv1.Problem{
		Id: p.ID(), Kind: directorv1.ProblemKind(p.Kind), Severity: directorv1.Severity(p.Severity), Title: p.Title, Cause: p.Cause,
		Remedy: p.Remedy, Since: stamp(p.Since), Count: p.Count, AccountId: string(p.Account), AccountName: p.AccountName,
		JobId: string(p.Job), JobName: p.JobName, RunId: string(p.Run), TransporterId: string(p.Transporter),
		TransporterName: p.TransporterName, RepositoryId: string(p.Repository), RepositoryName: p.RepositoryName, Expires: stamp(p.Expires),
	}
	for _, a := range p.Actions {
		out.Actions = append(out.Actions, directorv1.Action(a))
	}
	return out
}

func (s *overviews) ListTroubledMailboxes(_ context.Context, q *directorv1.ListTroubledMailboxesRequest) (*directorv1.ListTroubledMailboxesResponse, error) {
	offset, err := pageOffset(q.GetPageToken())
	if err != nil {
		return nil, err
	}
	list, st, err := s.Overview.List(overview.Filter{
		Trouble: overview.Trouble(q.GetTrouble()), Account: q.GetAccountId(), Job: record.JobID(q.GetJobId()), Search: q.GetSearch(),
	})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListTroubledMailboxesResponse{Total: int64(len(list))}
	from := min(offset, len(list))
	to := min(from+orDefault(q.GetPageSize(), defaultPage), len(list))
	for _, m := range list[from:to] {
		answer.Mailboxes = append(answer.Mailboxes, showTroubled(st, overview.Trouble(q.GetTrouble()), &m))
	}
	if to < len(list) {
		answer.NextPageToken = base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(to), 10))
	}
	return answer, nil
}

// pageOffset reads a page token that is a position.
func pageOffset(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(string(text)); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, fault.InvalidField("page_token", "the page token is not one that was given out")
}

func showTroubled(st *overview.State, t overview.Trouble, m *overview.Mailbox) *directorv1.TroubledMailbox {
	out := &directorv1.TroubledMailbox{
		Mailbox: showMailbox(m.Mailbox), JobId: string(m.Job), RunId: string(m.Run), Reason: m.Reason, LastPoint: stamp(m.Last),
		Due: stamp(m.Due), Since: stamp(m.Since),
	}
	for i := range st.Accounts {
		if st.Accounts[i].ID == m.Account {
			out.AccountName = st.Accounts[i].Name
		}
	}
	for i := range st.Jobs {
		if st.Jobs[i].ID == m.Job {
			out.JobName = st.Jobs[i].Name
		}
	}
	if out.GetReason() != "" {
		return out
	}
	switch t {
	case overview.Unprotected:
		out.Reason = "No enabled job backs it up."
	case overview.Late:
		out.Reason = "The start of " + m.Due.UTC().Format("2006-01-02 15:04 MST") + " should have brought a point; the last one is older."
		if m.Last.IsZero() {
			out.Reason = "The start of " + m.Due.UTC().Format("2006-01-02 15:04 MST") + " should have brought a point; there is none yet."
		}
	case overview.Gone:
		out.Reason = "The last refresh of the account did not find it."
	case overview.Excluded:
		out.Reason = "Every job that would have it leaves it out by name."
	case overview.Waiting:
		out.Reason = "Its first backup has not ended yet."
	default:
	}
	return out
}

func (s *overviews) ListDays(_ context.Context, q *directorv1.ListDaysRequest) (*directorv1.ListDaysResponse, error) {
	zone := time.UTC
	if q.GetZone() != "" {
		var err error
		if zone, err = record.ZoneOf(q.GetZone()); err != nil {
			return nil, err
		}
	}
	list, err := s.Overview.Days(orDefault(q.GetDays(), defaultDays), zone)
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListDaysResponse{}
	for i := range list {
		d := &list[i]
		answer.Days = append(answer.Days, &directorv1.DayResult{
			Date: d.Date, Succeeded: d.Succeeded, Incomplete: d.Incomplete, Failed: d.Failed, Stopped: d.Stopped, Mailboxes: d.Mailboxes,
			MailboxesIncomplete: d.MailboxesLess, MailboxesFailed: d.MailboxesFailed, Messages: d.Messages, MessagesChanged: d.Changed,
			BytesRead: d.Read, BytesNew: d.New, Recoveries: d.Recoveries, RecoveriesFailed: d.RecoveriesFailed, Others: d.Others,
			OthersFailed: d.OthersFailed,
		})
	}
	return answer, nil
}

// defaultGrowth is of how many days growth is told when the request does not say.
const defaultGrowth = 90

func (s *overviews) ListGrowth(_ context.Context, q *directorv1.ListGrowthRequest) (*directorv1.ListGrowthResponse, error) {
	list, err := s.Growth.Series(record.RepositoryID(q.GetRepositoryId()), orDefault(q.GetDays(), defaultGrowth))
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListGrowthResponse{}
	for i := range list {
		g := &list[i]
		out := &directorv1.Growth{
			RepositoryId: string(g.Repository), RepositoryName: g.Name, Samples: showSamples(g.Samples), Full: stamp(g.Full), Outlook: g.Text,
		}
		if g.Known {
			out.BytesPerDay = &g.PerDay
		}
		answer.Repositories = append(answer.Repositories, out)
	}
	answer.Total = showSamples(growth.Sum(list))
	return answer, nil
}

func showSamples(list []record.SpaceSample) []*directorv1.SpaceSample {
	var out []*directorv1.SpaceSample
	for _, x := range list {
		out = append(out, &directorv1.SpaceSample{
			Time: stamp(x.At), LogicalBytes: x.LogicalBytes, UniqueBytes: x.UniqueBytes, StoredBytes: x.StoredBytes,
			GarbageBytes: x.GarbageBytes, FreeBytes: x.FreeBytes, TotalBytes: x.TotalBytes, Points: x.Points, Backups: x.Backups,
		})
	}
	return out
}
