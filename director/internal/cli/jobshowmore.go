package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// destinations adds where the mailboxes of a job go, and where they went.
func (f *facts) destinations(j *pb.Job, repositories []*pb.Repository, accounts, boxes map[string]string) {
	names := map[string]string{}
	for _, r := range repositories {
		names[r.GetId()] = r.GetName()
	}
	named := func(id string) string { return first(names[id], id) }
	d := j.GetDestination()
	var lines []string
	if d.GetRepositoryId() != "" || len(d.GetAccounts())+len(d.GetMailboxes()) == 0 {
		lines = append(lines, orDash(named(d.GetRepositoryId())))
	}
	for _, x := range d.GetAccounts() {
		lines = append(lines, fmt.Sprintf("%s: all of %s", named(x.GetRepositoryId()), first(accounts[x.GetAccountId()], x.GetAccountId())))
	}
	for _, x := range d.GetMailboxes() {
		of := sourceText(&pb.SourceItem{AccountId: x.GetAccountId(), MailboxId: x.GetMailboxId()}, accounts, boxes)
		lines = append(lines, named(x.GetRepositoryId())+": "+of)
	}
	for n, line := range lines {
		label := ""
		if n == 0 {
			label = "repository"
		}
		f.add(label, "%s", line)
	}
	var former []string
	for _, id := range j.GetFormerRepositoryIds() {
		former = append(former, named(id))
	}
	if len(former) > 0 {
		f.add("earlier points in", "%s", strings.Join(former, ", "))
	}
}

// tell adds what a run does about failures, its scripts and its reports, as far as they were set.
func (f *facts) tell(j *pb.Job) {
	o := j.GetOptions()
	if o != nil && o.Retries != nil || o.GetRetryMinutes() != 0 {
		times, minutes := int32(1), int32(5)
		if o.Retries != nil {
			times = o.GetRetries()
		}
		if o.GetRetryMinutes() != 0 {
			minutes = o.GetRetryMinutes()
		}
		if times == 0 {
			f.add("failed mailboxes", "are not tried again")
		} else {
			f.add("failed mailboxes", "are tried again %s, after %s", counted(int64(times), "time"), duration(time.Duration(minutes)*time.Minute))
		}
	}
	if o.GetWhenDetached() != pb.WhenDetached_WHEN_DETACHED_UNSPECIFIED {
		f.add("when detached", "%s", word(o.GetWhenDetached(), "WHEN_DETACHED_"))
	}
	f.script("before", j.GetBefore())
	f.script("after", j.GetAfter())
	if r := j.GetReports(); len(r.GetAddresses()) > 0 {
		when := first(strings.Trim(word(r.GetWhen(), "REPORT_WHEN_"), "-"), "always")
		f.add("reports to", "%s (%s)", strings.Join(r.GetAddresses(), ", "), when)
	}
}

// script adds a script: what is run, and how. Values of its environment are not shown.
func (f *facts) script(label string, s *pb.Script) {
	if s == nil {
		return
	}
	parts := slices.DeleteFunc(append([]string{s.GetInterpreter(), s.GetPath()}, s.GetArguments()...), func(p string) bool { return p == "" })
	var how []string
	if s.GetRequired() {
		how = append(how, "required")
	}
	if s.GetDetached() {
		how = append(how, "not waited for")
	}
	if s.GetTimeoutSeconds() > 0 {
		how = append(how, "ended after "+duration(time.Duration(s.GetTimeoutSeconds())*time.Second))
	}
	if names := slices.Sorted(maps.Keys(s.GetEnvironment())); len(names) > 0 {
		how = append(how, "with "+strings.Join(names, ", "))
	}
	text := strings.Join(parts, " ")
	if len(how) > 0 {
		text += fmt.Sprintf(" (%s)", strings.Join(how, "; "))
	}
	f.add(label, "%s", text)
}
