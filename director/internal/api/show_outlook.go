package api

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// showRunOutlook adds how a run is coming along.
func showRunOutlook(out *directorv1.Run, v *dispatch.RunView) {
	o := &v.Outlook
	out.Pace, out.Left, out.Took, out.Notes = showPace(o), showLeft(o), length(o.Took), v.Notes
	out.TasksRunning, out.TasksRetrying = int32(o.Running), int32(o.Retrying)
	for _, w := range o.Waits {
		out.Waits = append(out.Waits, &directorv1.Wait{Kind: directorv1.WaitKind(w.Kind), Text: w.Text, Tasks: int32(w.Tasks)})
	}
}

// showTaskOutlook adds how a task is coming along, and how its tries went.
func showTaskOutlook(out *directorv1.Task, v *dispatch.TaskView) {
	o := &v.Outlook
	out.Pace, out.Left, out.Took, out.Wait = showPace(o), showLeft(o), length(o.Took), directorv1.WaitKind(o.Wait)
	if v.Status == record.TaskRetrying && v.Transporter == "" {
		out.NextTry = stamp(v.NextTry)
	}
	for _, t := range v.Tries {
		out.Tries = append(out.Tries, &directorv1.Try{
			Attempt: t.Attempt, Ended: stamp(t.Ended), TransporterId: string(t.Transporter), Error: t.Error, RequestId: t.RequestID,
		})
	}
	if b := v.Balance; b != nil {
		out.Balance = &directorv1.Balance{Tenant: b.Tenant, Kept: b.Kept, Folders: b.Folders, Unexplained: b.Unexplained}
	}
}

func showPace(o *dispatch.Outlook) *directorv1.Pace {
	if !o.Rated {
		return nil
	}
	return &directorv1.Pace{MessagesPerSecond: o.Rate.Messages, BytesPerSecond: o.Rate.Bytes}
}

func showLeft(o *dispatch.Outlook) *durationpb.Duration {
	if !o.Foreseen {
		return nil
	}
	return durationpb.New(o.Left.Round(time.Second))
}

// length leaves a time that is not known absent.
func length(d time.Duration) *durationpb.Duration {
	if d <= 0 {
		return nil
	}
	return durationpb.New(d)
}
