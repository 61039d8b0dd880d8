package cli

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// snapshot is what the display knows of a run or another activity.
type snapshot struct {
	title          string
	status         pb.RunStatus
	started, ended time.Time
	progress       *pb.Progress
	phase, waiting string
	// Of a run only.
	tasks, done, failed, incomplete int32
	outlook                         outlook
	// working are the tasks in hand, in the order of processing.
	working []*pb.Task
}

// ended is true for a state that does not change any more.
func ended(s pb.RunStatus) bool {
	switch s {
	case pb.RunStatus_RUN_STATUS_SUCCEEDED, pb.RunStatus_RUN_STATUS_INCOMPLETE, pb.RunStatus_RUN_STATUS_FAILED, pb.RunStatus_RUN_STATUS_STOPPED:
		return true
	default:
		return false
	}
}

// meter measures speed over the last half minute, so that a wait shows and a burst does not.
type meter struct{ samples []sample }

type sample struct {
	at              time.Time
	messages, bytes int64
}

const (
	meterWindow = 30 * time.Second
	// meterLeast is the shortest time from which a speed is told.
	meterLeast = 2 * time.Second
)

func (m *meter) add(now time.Time, p *pb.Progress) {
	s := sample{now, p.GetMessagesDone(), p.GetBytesRead()}
	if n := len(m.samples); n > 0 && (s.messages < m.samples[n-1].messages || s.bytes < m.samples[n-1].bytes) {
		m.samples = nil // Something began anew.
	}
	m.samples = append(m.samples, s)
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= meterWindow {
		m.samples = m.samples[1:]
	}
}

// rates returns messages and bytes a second; false until there is something to say.
func (m *meter) rates() (messages, bytes float64, ok bool) {
	if len(m.samples) < 2 {
		return 0, 0, false
	}
	from, to := m.samples[0], m.samples[len(m.samples)-1]
	d := to.at.Sub(from.at)
	if d < meterLeast {
		return 0, 0, false
	}
	return float64(to.messages-from.messages) / d.Seconds(), float64(to.bytes-from.bytes) / d.Seconds(), true
}

// left estimates the time to the end; 0 when nothing can be said.
func (m *meter) left(done, total int64) time.Duration {
	rate, _, ok := m.rates()
	todo := total - done
	if !ok || rate <= 0 || todo <= 0 {
		return 0
	}
	return time.Duration(float64(todo) / rate * float64(time.Second))
}

// maxWorking is how many tasks a block shows.
const maxWorking = 8

// block is the picture for a terminal, a line each.
func (s *snapshot) block(now time.Time, m *meter) []string {
	p := s.progress
	lines := []string{s.headline(now)}
	add := func(name, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("  %-10s ", name)+fmt.Sprintf(format, args...))
	}
	messageRate, byteRate, ok := s.rates(m)
	speed := func(text string) string {
		if !ok {
			return ""
		}
		return "  (" + text + "/s)"
	}
	if s.phase != "" && s.tasks == 0 {
		add("phase", "%s", s.phase)
	}
	if s.waiting != "" && s.tasks == 0 {
		add("waiting", "%s", s.waiting)
	}
	if s.tasks > 0 {
		add("mailboxes", "%s", s.mailboxes())
	}
	if share := s.share(); share != "" {
		add("done", "%s", share)
	}
	if s.countsMessages() {
		add("messages", "%s%s", ofTotal(p.GetMessagesDone(), p.GetMessagesTotal()), speed(rate(messageRate)))
	}
	add("bytes", "%s read, %s new%s", size(p.GetBytesRead()), size(p.GetBytesNew()), speed(size(int64(byteRate))))
	if left := s.left(now, m); left != "" {
		add("time left", "%s", left)
	}
	for _, w := range s.waits() {
		add("waiting", "%s", w)
	}
	for _, n := range s.outlook.notes[:min(len(s.outlook.notes), maxWaits)] {
		add("note", "%s", n)
	}
	return append(lines, s.taskLines(now)...)
}

func (s *snapshot) taskLines(now time.Time) []string {
	n := 0
	for i, k := range s.working {
		if i < maxWorking {
			n = max(n, cellWidth(who(k)))
		}
	}
	var lines []string
	for i, k := range s.working {
		if i == maxWorking {
			return append(lines, fmt.Sprintf("    and %d more", len(s.working)-i))
		}
		what := first(nextTry(k, now), k.GetWaiting(), k.GetPhase(), word(k.GetStatus(), "TASK_STATUS_"))
		text := "    " + who(k) + strings.Repeat(" ", n-cellWidth(who(k))) + "  " + what
		if k.GetWaiting() == "" && k.GetProgress().GetMessagesDone() > 0 {
			text += "  " + ofTotal(k.GetProgress().GetMessagesDone(), k.GetProgress().GetMessagesTotal())
		}
		if left := s.outlook.leftNow(k.GetLeft(), now); left != "" {
			text += "  " + left
		}
		lines = append(lines, text)
	}
	return lines
}

func who(k *pb.Task) string { return first(k.GetMailboxAddress(), k.GetMailboxName(), k.GetId()) }

// line is the same for a log, where nothing can be redrawn.
func (s *snapshot) line(now time.Time, m *meter) string {
	p := s.progress
	parts := []string{s.headline(now)}
	if s.phase != "" {
		parts = append(parts, s.phase)
	}
	if s.tasks > 0 {
		parts = append(parts, "mailboxes "+s.mailboxes())
	}
	if s.countsMessages() {
		messages := ofTotal(p.GetMessagesDone(), p.GetMessagesTotal()) + " messages"
		if r, _, ok := s.rates(m); ok {
			messages += " (" + rate(r) + "/s)"
		}
		parts = append(parts, messages)
	}
	if share := s.share(); share != "" {
		parts = append(parts, share)
	}
	parts = append(parts, size(p.GetBytesRead())+" read")
	if s.waiting != "" {
		parts = append(parts, s.waiting)
	}
	if left := s.left(now, m); left != "" {
		parts = append(parts, left+" left")
	}
	return strings.Join(parts, "; ")
}

// rates are those that the Director tells of a run, and of other activities what was seen.
func (s *snapshot) rates(m *meter) (messages, bytes float64, ok bool) {
	if s.tasks > 0 {
		return s.outlook.pace.GetMessagesPerSecond(), s.outlook.pace.GetBytesPerSecond(), s.outlook.pace != nil
	}
	return m.rates()
}

// left says how long it will take, in words; empty when that is not known.
func (s *snapshot) left(now time.Time, m *meter) string {
	if s.tasks > 0 {
		return s.outlook.leftNow(s.outlook.left, now)
	}
	left := m.left(s.progress.GetMessagesDone(), s.progress.GetMessagesTotal())
	if left <= 0 || s.waiting != "" {
		return ""
	}
	return "about " + roughly(left)
}

// waits says who waits for what.
func (s *snapshot) waits() []string {
	lines := s.outlook.waitLines()
	if len(lines) == 0 && s.waiting != "" && s.tasks > 0 && len(s.working) == 0 {
		lines = append(lines, s.waiting)
	}
	return lines
}

// share is how much of its phase an activity on a repository has done; empty where that is not known.
func (s *snapshot) share() string {
	done, total := s.progress.GetFoldersDone(), s.progress.GetFoldersTotal()
	if s.tasks > 0 || s.countsMessages() || total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", min(done, total)*100/total)
}

// countsMessages is false for what is done to a repository, which has none to count.
func (s *snapshot) countsMessages() bool {
	return s.tasks > 0 || s.progress.GetMessagesDone()+s.progress.GetMessagesTotal() > 0
}

func (s *snapshot) headline(now time.Time) string {
	text := s.title + ": " + word(s.status, "RUN_STATUS_")
	if s.started.IsZero() {
		return text
	}
	if !s.ended.IsZero() {
		now = s.ended
	}
	return text + " for " + duration(max(0, now.Sub(s.started)).Truncate(time.Second))
}

func (s *snapshot) mailboxes() string {
	return ofTotal(int64(s.done), int64(s.tasks)) + unwell(s.incomplete, s.failed)
}

// unwell says how many mailboxes did not end well: " (1 with losses, 2 failed)".
func unwell(incomplete, failed int32) string {
	var parts []string
	if incomplete > 0 {
		parts = append(parts, fmt.Sprintf("%d with losses", incomplete))
	}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// mailboxesDone is the same for a run that is shown, not watched.
func mailboxesDone(r *pb.Run) string {
	return ofTotal(int64(r.GetTasksDone()), int64(r.GetTasks())) + unwell(r.GetTasksIncomplete(), r.GetTasksFailed())
}

// mailboxesText is the same within a sentence.
func mailboxesText(r *pb.Run) string {
	return count(int64(r.GetTasksDone())) + " of " + counted(int64(r.GetTasks()), "mailbox") + unwell(r.GetTasksIncomplete(), r.GetTasksFailed())
}

func ofTotal(done, total int64) string {
	if total <= 0 {
		return count(done)
	}
	return count(done) + " of " + count(total)
}

func rate(v float64) string {
	if v > 0 && v < 10 {
		return trimFloat(v)
	}
	return count(int64(v))
}

// roughly does not pretend to know the seconds of an hour.
func roughly(d time.Duration) string {
	switch {
	case d > time.Hour:
		d = d.Round(5 * time.Minute)
	case d > 5*time.Minute:
		d = d.Round(time.Minute)
	case d > 10*time.Second:
		d = d.Round(5 * time.Second)
	default:
		d = d.Round(time.Second)
	}
	return duration(max(d, time.Second))
}

// took is how long something lasted, or lasts already.
func (a *app) took(started, ended *timestamppb.Timestamp) string {
	if started == nil {
		return "-"
	}
	to := a.Now()
	if ended != nil && ended.GetSeconds() != 0 {
		to = ended.AsTime()
	}
	d := to.Sub(started.AsTime())
	if d >= 10*time.Second {
		d = d.Truncate(time.Second)
	}
	return duration(d)
}
