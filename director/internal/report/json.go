package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"holdfast/director/internal/record"
)

// Version of the JSON form. It rises when a field changes its meaning, not when one is added.
const Version = 1

type posted struct {
	Version   int             `json:"version"`
	Event     string          `json:"event"`
	ID        string          `json:"id"`
	Kind      string          `json:"kind,omitempty"`
	Title     string          `json:"title"`
	JobID     string          `json:"jobId,omitempty"`
	JobName   string          `json:"jobName,omitempty"`
	Result    string          `json:"result,omitempty"`
	Subject   string          `json:"subject"`
	Cause     string          `json:"cause,omitempty"`
	Started   time.Time       `json:"started"`
	Ended     time.Time       `json:"ended"`
	Seconds   float64         `json:"durationSeconds"`
	Error     string          `json:"error,omitempty"`
	RequestID string          `json:"requestId,omitempty"`
	Mailboxes *mailboxes      `json:"mailboxes,omitempty"`
	Messages  *messages       `json:"messages,omitempty"`
	Troubled  []postedMailbox `json:"troubledMailboxes,omitempty"`
	More      int             `json:"troubledMailboxesMore,omitempty"`
	Lost      int64           `json:"lost"`
	Reasons   []postedReason  `json:"lostReasons,omitempty"`
	Damage    []string        `json:"damage,omitempty"`
	Recovery  *postedRecovery `json:"recovery,omitempty"`
	Scripts   []postedScript  `json:"scripts,omitempty"`
	NextStart *time.Time      `json:"nextStart,omitempty"`
	Expiring  []postedExpiry  `json:"expiring,omitempty"`
	Link      string          `json:"link,omitempty"`
}

type mailboxes struct {
	Total      int32 `json:"total"`
	Complete   int32 `json:"complete"`
	Incomplete int32 `json:"incomplete"`
	Failed     int32 `json:"failed"`
	Stopped    int32 `json:"stopped"`
}

type messages struct {
	Total     int64 `json:"total"`
	Changed   int64 `json:"changed"`
	Removed   int64 `json:"removed"`
	BytesRead int64 `json:"bytesRead"`
	BytesNew  int64 `json:"bytesNew"`
}

type postedMailbox struct {
	Name      string `json:"name"`
	Address   string `json:"address,omitempty"`
	Result    string `json:"result"`
	Lost      int64  `json:"lost,omitempty"`
	Error     string `json:"error,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

type postedReason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

type postedRecovery struct {
	Created     int64 `json:"created"`
	Skipped     int64 `json:"skipped"`
	Renamed     int64 `json:"renamed"`
	Overwritten int64 `json:"overwritten"`
	Failed      int64 `json:"failed"`
}

type postedExpiry struct {
	Account string    `json:"account"`
	What    string    `json:"what"`
	Expires time.Time `json:"expires"`
}

type postedScript struct {
	When     string `json:"when"`
	Path     string `json:"path"`
	ExitCode int32  `json:"exitCode"`
	Error    string `json:"error,omitempty"`
	Running  bool   `json:"running,omitempty"`
}

// JSON returns the report as webhooks get it.
func (f *Facts) JSON() ([]byte, error) {
	r := &f.Run
	p := posted{
		Version: Version, Event: "activity.ended", ID: string(r.ID), Kind: kind(r.Kind), Title: text(r.Title), JobID: string(r.Job),
		JobName: text(r.JobName), Result: strings.ToLower(result(f.Result)), Subject: text(Subject(r, len(f.Damage) > 0)), Cause: text(r.Cause),
		Started: r.Started.UTC(), Ended: r.Ended.UTC(), Seconds: r.Ended.Sub(r.Started).Seconds(), Error: text(r.Error), RequestID: text(f.RequestID),
		Lost: f.Lost, More: f.TroubledMore, Damage: f.damageLines(), Link: f.Link,
	}
	if r.Kind == record.KindBackup {
		p.Event = "run.ended"
		p.Mailboxes = &mailboxes{r.Tasks, r.Succeeded, r.Incomplete, r.Failed, r.Stopped}
		p.Messages = &messages{r.Progress.MessagesDone, r.Progress.MessagesChanged, r.Progress.MessagesDeleted, r.Progress.BytesRead, r.Progress.BytesNew}
	}
	for _, m := range f.Troubled {
		p.Troubled = append(p.Troubled, postedMailbox{text(m.Name), text(m.Address), taskResult(m.Status), m.Lost, text(m.Error), text(m.RequestID)})
	}
	for _, one := range f.Reasons {
		p.Reasons = append(p.Reasons, postedReason{text(one.Text), one.Count})
	}
	if v := f.Recovery; v != nil {
		p.Recovery = &postedRecovery{v.Created, v.Skipped, v.Renamed, v.Overwritten, v.Failed}
	}
	f.scripts(func(when string, s *record.ScriptState) {
		p.Scripts = append(p.Scripts, postedScript{when, text(s.Script.Path), s.Code, text(s.Error), s.Status == record.ScriptRunning})
	})
	for _, e := range f.Expiring {
		p.Expiring = append(p.Expiring, postedExpiry{text(e.Account), e.What, e.At.UTC()})
	}
	if !f.NextStart.IsZero() {
		at := f.NextStart.UTC()
		p.NextStart = &at
	}
	return encode(p)
}

// TestJSON returns what a webhook gets that is tried out.
func TestJSON(now time.Time) ([]byte, error) {
	return encode(posted{
		Version: Version, Event: "test", ID: "test", Title: "Test of this webhook", Subject: "Test: this webhook works", Started: now.UTC(), Ended: now.UTC(),
	})
}

func encode(p posted) ([]byte, error) {
	out, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the report of run %s: %w", p.ID, err)
	}
	return out, nil
}
