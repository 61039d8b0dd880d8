package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func TestWatchedWorkEndsWithItsOutcome(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		change     func(d *director)
		code       int
	}{
		{"watch-run-losses", "run watch run-2", nil, exitIncomplete},
		{"watch-run-succeeded", "job run Daily --watch", func(d *director) {
			last := d.runStreams[0][2].GetRun()
			last.Status, last.TasksIncomplete = pb.RunStatus_RUN_STATUS_SUCCEEDED, 0
		}, exitOK},
		{"watch-run-failed", "job run Daily --watch", func(d *director) {
			last := d.runStreams[0][2].GetRun()
			last.Status, last.TasksFailed, last.Error = pb.RunStatus_RUN_STATUS_FAILED, 1, "one mailbox has no point"
		}, exitFailed},
		{"watch-run-stopped", "run stop run-2 --watch", func(d *director) {
			d.runStreams[0][2].GetRun().Status = pb.RunStatus_RUN_STATUS_STOPPED
		}, exitOK},
		{"watch-recovery", "recover pt-anna-2 --watch", nil, exitOK},
		{"watch-recovery-losses", "activity watch act-1", func(d *director) {
			x := d.activityStreams[0][1].GetActivity()
			x.Status, x.Losses = pb.RunStatus_RUN_STATUS_INCOMPLETE, tasks()[1].GetLosses()
		}, exitIncomplete},
		{"watch-verify-damage", "repository verify Vault --watch", func(d *director) {
			x := d.activityStreams[0][1].GetActivity()
			x.Title, x.Recovery = "Verify of Vault", nil
			x.Verify = &pb.VerifyReport{Points: 3, Blobs: 12, Bytes: 1000, Damage: []string{"pack 7: blob 3 is not what was written"}}
		}, exitFailed},
		{"watch-reclaim", "repository reclaim Vault --watch", func(d *director) {
			d.activityStreams[0][0].GetActivity().Progress = &pb.Progress{FoldersDone: 33, FoldersTotal: 50, BytesRead: 4000}
			x := d.activityStreams[0][1].GetActivity()
			x.Title, x.Recovery = "Reclaim space in Vault", nil
			x.Reclaim = &pb.ReclaimReport{FreedBytes: 5_000_000, Blobs: 70, PacksDropped: 2, PacksRewritten: 3, PacksWritten: 1, GarbageBytes: 4000}
		}, exitOK},
		{"watch-survey", "repository survey Vault --watch", func(d *director) {
			x := d.activityStreams[0][1].GetActivity()
			x.Title, x.Recovery = "Survey Vault", nil
			x.Survey = &pb.Survey{NeededBytes: 1_000_000, GarbageBytes: 2000, Unreadable: 1}
		}, exitOK},
		{"watch-repair-damage", "repository repair Vault --watch", func(d *director) {
			x := d.activityStreams[0][1].GetActivity()
			x.Title, x.Recovery, x.Status = "Repair Vault", nil, pb.RunStatus_RUN_STATUS_INCOMPLETE
			x.Repair = &pb.RepairReport{
				Points: 3, Blobs: 12, Bytes: 1000, Repaired: []string{"the index was built anew"},
				Damage: []string{`mailbox anna@contoso.com, the point of 2026-03-01 03:04, folder Inbox, message "Invoice"`},
			}
		}, exitFailed},
		{"watch-copy-left-out", "repository copy Vault Plain --watch", func(d *director) {
			x := d.activityStreams[0][1].GetActivity()
			x.Title, x.Recovery, x.Status = "Copy to Plain from Vault", nil, pb.RunStatus_RUN_STATUS_INCOMPLETE
			x.Copy = &pb.CopyReport{
				Copied: 4, Present: 3, Deleted: 2, LeftOut: 1, Blobs: 12, Bytes: 1000,
				Reasons: []string{"mailbox anna@contoso.com, the point of 2026-03-01 03:04 was left out: blob 3 is damaged"},
			}
		}, exitIncomplete},
		{"watch-plan", "recover anna@contoso.com --plan", nil, exitOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			if tc.change != nil {
				tc.change(s.d)
			}
			r := s.run(strings.Fields(tc.line)...)
			if r.code != tc.code {
				t.Errorf("got exit %d, want %d", r.code, tc.code)
			}
			compareGolden(t, "watch/"+tc.name, r.golden())
		})
	}
}

func TestWatchingDrawsABlockOnATerminal(t *testing.T) {
	s := newShell(t)
	s.live, s.width = true, 60
	r := s.run("run", "watch", "run-2")
	for _, line := range strings.Split(r.errors, "\n") {
		visible := strings.NewReplacer("\x1b[K", "", "\x1b[J", "").Replace(line)
		if i := strings.LastIndex(visible, "A\r"); i >= 0 {
			visible = visible[i+2:]
		}
		if cellWidth(visible) >= 60 {
			t.Errorf("this line would wrap: %q", visible)
		}
	}
	compareGolden(t, "watch/live", strings.ReplaceAll(r.golden(), "\x1b", "ESC"))
}

func TestWatchingPrintsOneJSONALine(t *testing.T) {
	s := newShell(t)
	r := s.run("job", "run", "Daily", "--watch", "-o", "json")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != exitIncomplete || len(lines) != 3 || r.errors != "" {
		t.Fatalf("got exit %d, %d lines, %q", r.code, len(lines), r.errors)
	}
	for _, l := range lines {
		var m struct{ Run struct{ ID, Status string } }
		if err := json.Unmarshal([]byte(l), &m); err != nil || m.Run.ID != "run-2" {
			t.Errorf("got %+v, %v from %s", m, err, l)
		}
	}
}

func TestWatchingSurvivesARestartOfTheDirector(t *testing.T) {
	s := newShell(t)
	story := runStory()
	s.d.runStreams = [][]*pb.WatchRunResponse{
		{story[0], nil}, // It goes down,
		{nil},           // comes up too early,
		{},              // ends a stream without a word,
		story[1:],       // and is back.
	}
	r := s.run("run", "watch", "run-2")
	if r.code != exitIncomplete || s.naps != 3 {
		t.Errorf("got exit %d after %d waits, want %d after 3: %s", r.code, s.naps, exitIncomplete, r.errors)
	}
	if !strings.Contains(r.errors, "the Director does not answer; trying again") {
		t.Errorf("the interruption was not shown: %q", r.errors)
	}
}

func TestWatchingSurvivesADirectorThatIsGoneForAWhile(t *testing.T) {
	s := newShell(t)
	s.d.runStreams = [][]*pb.WatchRunResponse{{runStory()[0], nil}, runStory()[1:]}
	s.onNap = func() {
		if s.naps == 1 {
			s.d.server.CloseClientConnections()
		}
	}
	if r := s.run("run", "watch", "run-2"); r.code != exitIncomplete {
		t.Errorf("got exit %d and %q", r.code, r.errors)
	}
}

func TestWatchingGivesUpWhereTryingAgainCannotHelp(t *testing.T) {
	s := newShell(t)
	s.d.runStreams = [][]*pb.WatchRunResponse{{runStory()[0], nil}}
	s.onNap = func() {
		s.d.mu.Lock()
		defer s.d.mu.Unlock()
		s.d.tokens = nil
	}
	r := s.run("run", "watch", "run-2")
	if r.code != exitNotSignedIn || s.naps != 1 {
		t.Errorf("got exit %d after %d waits and %q, want %d", r.code, s.naps, r.errors, exitNotSignedIn)
	}
}

func TestControlCStopsWatchingNotTheRun(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.d.runStreams = [][]*pb.WatchRunResponse{{runStory()[0], nil}}
	s.onNap = cancel
	r := s.runContext(ctx, "run", "watch", "run-2")
	want := "Stopped watching; the run goes on. Watch again: holdfast run watch run-2. Stop it: holdfast run stop run-2\n"
	if r.code != exitInterrupted || !strings.HasSuffix(r.errors, want) {
		t.Errorf("got exit %d and %q, want %q", r.code, r.errors, want)
	}
	for _, req := range s.d.requests {
		if _, ok := req.(*pb.StopRunRequest); ok {
			t.Error("the run was stopped")
		}
	}
}

func TestControlCIsHeardWhileTheStreamIsQuiet(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.d.hang = cancel
	s.d.activityStreams = [][]*pb.WatchActivityResponse{{{Activity: activities()[0]}}}
	if r := s.runContext(ctx, "activity", "watch", "act-1"); r.code != exitInterrupted || !strings.Contains(r.errors, "Stopped watching; it goes on.") {
		t.Errorf("got exit %d and %q", r.code, r.errors)
	}
}

func TestSpeedAndTimeLeft(t *testing.T) {
	start := at("2026-03-01 12:00:00").AsTime()
	p := func(messages int64) *pb.Progress {
		return &pb.Progress{MessagesDone: messages, MessagesTotal: 1000, BytesRead: messages * 1000}
	}
	var m meter
	m.add(start, p(0))
	if _, _, ok := m.rates(); ok {
		t.Error("a speed was told from one look")
	}
	m.add(start.Add(10*time.Second), p(100))
	if r, b, ok := m.rates(); !ok || r != 10 || b != 10_000 {
		t.Errorf("got %v/s, %v B/s, %v, want 10 and 10,000", r, b, ok)
	}
	if got := m.left(100, 1000); got != 90*time.Second {
		t.Errorf("got %v left, want 90 s", got)
	}
	for i := 11; i <= 60; i++ {
		m.add(start.Add(time.Duration(i)*time.Second), p(100))
	}
	if r, _, _ := m.rates(); r != 0 {
		t.Errorf("after a long wait: got %v/s, want 0", r)
	}
	if got := m.left(100, 1000); got != 0 {
		t.Errorf("after a long wait: got %v left, want nothing said", got)
	}
	m.add(start.Add(61*time.Second), p(10))
	if len(m.samples) != 1 {
		t.Errorf("a count that went back left %d samples", len(m.samples))
	}
}

func TestARunIsShownWithWhatTheDirectorForetells(t *testing.T) {
	s := newShell(t)
	s.live, s.width = true, 80
	story := runStory()
	r := story[0].GetRun()
	r.Pace, r.Left = &pb.Pace{MessagesPerSecond: 123.4, BytesPerSecond: 2_500_000}, durationpb.New(42*time.Minute)
	r.Tasks, r.TasksRunning, r.TasksRetrying = 60, 2, 1
	r.Notes = []string{"the mailboxes of Contoso could not be read anew; new ones come with the next run: Microsoft does not answer"}
	r.Waits = []*pb.Wait{
		{Kind: pb.WaitKind_WAIT_KIND_SLOT, Text: "waiting for their turn: the job works on 3 at once", Tasks: 55},
		{Kind: pb.WaitKind_WAIT_KIND_MAILBOX, Text: "waiting for run run-1 of Weekly, which works on the same mailbox", Tasks: 1},
		{Kind: pb.WaitKind_WAIT_KIND_MICROSOFT, Text: "waiting for Microsoft, 40 s", Tasks: 1},
		{Kind: pb.WaitKind_WAIT_KIND_RETRY, Text: "waiting for the next try, the first in 4 min", Tasks: 1},
	}
	story[0].GetTasks()[0].Left = durationpb.New(5 * time.Minute)
	retried := proto.CloneOf(tasks()[0])
	retried.Id, retried.MailboxAddress, retried.Status = "t-3", "aaron@contoso.com", pb.TaskStatus_TASK_STATUS_RETRYING
	retried.NextTry, retried.Waiting = at("2026-03-01 12:04:00"), "waiting for its next try"
	retried.Tries = []*pb.Try{{Attempt: 1, Ended: at("2026-03-01 11:59:00"), Error: "Microsoft does not answer", RequestId: "5b1c-1"}}
	story[0].Tasks = append(story[0].Tasks, retried)
	ended := story[2].GetTasks()[0]
	ended.Tries, ended.Took = retried.Tries, durationpb.New(90*time.Second)
	story[2].GetRun().Took = durationpb.New(4 * time.Minute)
	s.d.runStreams = [][]*pb.WatchRunResponse{story}
	out := s.run("run", "watch", "run-2")
	for _, line := range strings.Split(strings.NewReplacer("\x1b[K", "", "\x1b[J", "").Replace(out.errors), "\n") {
		if i := strings.LastIndex(line, "A\r"); i >= 0 {
			line = line[i+2:]
		}
		if cellWidth(line) >= 80 {
			t.Errorf("this line would wrap: %q", line)
		}
	}
	compareGolden(t, "watch/outlook", strings.ReplaceAll(out.golden(), "\x1b", "ESC"))
}

func TestTheTimeLeftGoesDownWithTheClockAndNotBelowNothing(t *testing.T) {
	now := at("2026-03-01 12:00:00").AsTime()
	var o outlook
	left := durationpb.New(90 * time.Second)
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{{0, "about 1 min 30 s"}, {30 * time.Second, "about 1 min"}, {89500 * time.Millisecond, "less than a second"}, {time.Hour, "less than a second"}, {-time.Hour, "about 1 min 30 s"}} {
		if got := o.leftNow(left, now.Add(tc.after)); got != tc.want {
			t.Errorf("after %v: got %q, want %q", tc.after, got, tc.want)
		}
	}
	if got := o.leftNow(nil, now); got != "" {
		t.Errorf("what is not known is told as %q", got)
	}
}

func TestALogGetsALineEveryFewSeconds(t *testing.T) {
	s := newShell(t)
	run := runStory()[0]
	var many []*pb.WatchRunResponse
	for i := range 20 {
		m := proto.CloneOf(run)
		m.Run.Progress.MessagesDone += int64(i)
		many = append(many, m)
	}
	s.d.runStreams = [][]*pb.WatchRunResponse{append(many, runStory()[2])}
	r := s.run("run", "watch", "run-2")
	// The clock of the shell goes a second a look: 20 answers are at most 5 lines.
	if n := strings.Count(r.errors, "\n"); n < 2 || n > 6 {
		t.Errorf("got %d lines, want a few:\n%s", n, r.errors)
	}
}
