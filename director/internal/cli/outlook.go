package cli

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// outlook is what the Director foretells of a run.
type outlook struct {
	pace  *pb.Pace
	left  *durationpb.Duration
	waits []*pb.Wait
	notes []string
	// heard is when it was first shown; what is left goes down with the clock from then on.
	heard time.Time
}

func outlookOf(r *pb.Run) outlook {
	return outlook{pace: r.GetPace(), left: r.GetLeft(), waits: r.GetWaits(), notes: r.GetNotes()}
}

// leftNow returns what is left of a time that was told, in words; empty when none was.
func (o *outlook) leftNow(left *durationpb.Duration, now time.Time) string {
	if left == nil {
		return ""
	}
	if o.heard.IsZero() {
		o.heard = now
	}
	d := left.AsDuration() - max(0, now.Sub(o.heard))
	if d < time.Second {
		return "less than a second"
	}
	return "about " + roughly(d)
}

// maxWaits is how many waits and notes a block shows.
const maxWaits = 3

// waitLines says who waits for what. What a task in hand waits for stands beside it.
func (o *outlook) waitLines() []string {
	var lines []string
	for _, w := range o.waits {
		if len(lines) < maxWaits {
			lines = append(lines, waitText(w))
		}
	}
	return lines
}

func waitText(w *pb.Wait) string {
	who := counted(int64(w.GetTasks()), "mailbox")
	if strings.HasPrefix(w.GetText(), "waiting ") {
		return who + " " + w.GetText()
	}
	return who + ": " + w.GetText()
}

// nextTry says of a task that failed how long it waits for its next try; empty of others.
func nextTry(k *pb.Task, now time.Time) string {
	if k.GetNextTry() == nil {
		return ""
	}
	return "failed; next try in " + roughly(max(0, k.GetNextTry().AsTime().Sub(now)))
}

// tookRun is how long a run took, or lasts already: by the Director, or by the clock where that does not say.
func (a *app) tookRun(r *pb.Run) string {
	if r.GetTook() != nil {
		return tookText(r.GetTook().AsDuration())
	}
	return a.took(r.GetStarted(), r.GetEnded())
}

func (a *app) tookTask(k *pb.Task) string {
	if k.GetTook() != nil {
		return tookText(k.GetTook().AsDuration())
	}
	return a.took(k.GetStarted(), k.GetEnded())
}

func tookText(d time.Duration) string {
	if d >= 10*time.Second {
		d = d.Truncate(time.Second)
	}
	return duration(d)
}

// retryText says of a task that failed when it is tried again; empty of others.
func (a *app) retryText(k *pb.Task) string {
	if k.GetNextTry() == nil {
		return ""
	}
	return "failed; tried again at " + k.GetNextTry().AsTime().In(a.Zone).Format("15:04:05")
}
