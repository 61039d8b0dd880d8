package bundle

import (
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/growth"
	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

type problem struct {
	ID       string            `json:"id"`
	Severity overview.Severity `json:"severity"`
	Title    string            `json:"title"`
	Cause    string            `json:"cause"`
	Since    time.Time         `json:"since,omitzero"`
	Count    int64             `json:"count,omitempty"`
}

func (s Source) health() (any, error) {
	st, err := s.Overview.Look()
	if err != nil {
		return nil, err
	}
	list := []problem{}
	for i := range st.Problems {
		p := &st.Problems[i]
		list = append(list, problem{p.ID(), p.Severity, p.Title, p.Cause, p.Since, p.Count})
	}
	return struct {
		Problems   []problem           `json:"problems"`
		Protection overview.Protection `json:"protection"`
	}{list, st.Protection}, nil
}

type transporter struct {
	ID, Version, OS, Arch         string
	Reachable                     bool
	Error                         string
	Since, Started                time.Time `json:",omitzero"`
	Running, Max                  int32
	CertificateExpires            time.Time `json:",omitzero"`
	ClockAheadMilliseconds        int64
	FreeBytes, TotalBytes, Memory int64
	CPUs                          int32
	Attached                      []record.RepositoryID
}

type repository struct {
	ID         record.RepositoryID
	Attached   bool
	Encrypted  bool
	Codec      record.Codec
	Error      string
	Statistics record.RepositoryStatistics
	Growth     growth.Forecast
}

// places tells how Transporters and repositories are.
func (s Source) places() (any, error) {
	st, err := s.Overview.Look()
	if err != nil {
		return nil, err
	}
	var out struct {
		Transporters []transporter
		Repositories []repository
	}
	for i := range st.Transporters {
		t := &st.Transporters[i]
		f := s.Fleet.Status(t.ID)
		out.Transporters = append(out.Transporters, transporter{
			string(t.ID), t.Version, t.OS, t.Arch, f.Reachable, f.Error, f.Since, f.Started, f.Running, f.Max, t.CertificateExpires,
			f.ClockAhead.Milliseconds(), f.Free, f.Total, f.Memory, f.CPUs, f.Attached,
		})
	}
	series, err := s.Growth.Series("", 1)
	if err != nil {
		return nil, err
	}
	grows := map[record.RepositoryID]growth.Forecast{}
	for i := range series {
		grows[series[i].Repository] = series[i].Forecast
	}
	for i := range st.Repositories {
		r := &st.Repositories[i]
		out.Repositories = append(out.Repositories, repository{r.ID, r.Attached, r.Encrypted, r.Codec, r.Error, r.Statistics, grows[r.ID]})
	}
	return out, nil
}

func (s Source) results() (any, error) { return s.Overview.Days(30, time.UTC) }

type activity struct {
	ID                                            record.RunID
	Kind                                          record.RunKind
	Job                                           record.JobID `json:",omitempty"`
	Status                                        record.RunStatus
	Started, Ended                                time.Time `json:",omitzero"`
	Seconds                                       float64
	Tasks, Succeeded, Incomplete, Failed, Stopped int32
	Progress                                      record.Progress
	Error, Waiting                                string   `json:",omitempty"`
	Notes                                         []string `json:",omitempty"`
}

// activities are the last ones. Titles are left out: that of a recovery names a mailbox.
func (s Source) activities() (any, error) {
	views, err := s.Runs(dispatch.Filter{Limit: maxRuns})
	if err != nil {
		return nil, err
	}
	list := []activity{}
	for i := range views {
		v := &views[i]
		list = append(list, activity{
			v.ID, v.Kind, v.Job, v.Status, v.Started, v.Ended, v.Outlook.Took.Seconds(), v.Tasks, v.Succeeded, v.Incomplete, v.Run.Failed, v.Stopped,
			v.Progress, v.Error, v.Waiting, v.Notes,
		})
	}
	return list, nil
}

type failure struct {
	ID                 record.TaskID
	Kind               record.RunKind
	Mailbox            string `json:",omitempty"`
	Status             record.TaskStatus
	Attempt            int32
	Transporter        record.TransporterID
	Repository         record.RepositoryID
	Started, Ended     time.Time `json:",omitzero"`
	Fault              string    `json:",omitempty"`
	Error              string    `json:",omitempty"`
	RequestID          string    `json:",omitempty"`
	Losses, LossesMore int64
	Progress           record.Progress
}

// faults are the last tasks that did not succeed. What they lost is counted, and not named: losses have subjects.
func (s Source) faults() (any, error) {
	list := []failure{}
	err := s.Store.View(func(tx *store.Tx) error {
		for t, err := range store.Tasks.Backward(tx, "") {
			if err != nil {
				return err
			}
			if t.Status == record.TaskSucceeded || !t.Status.Ended() {
				continue
			}
			f := failure{
				ID: t.ID, Kind: t.Kind, Mailbox: t.MailboxAddress, Status: t.Status, Attempt: t.Attempt, Transporter: t.Transporter,
				Repository: t.Repository, Started: t.Started, Ended: t.Ended, Error: t.Error, RequestID: t.RequestID, Losses: t.Losses,
				LossesMore: t.LossesMore, Progress: t.Progress,
			}
			if t.FaultKind != 0 {
				f.Fault = t.FaultKind.Error()
			}
			if list = append(list, f); len(list) >= maxTasks {
				return nil
			}
		}
		return nil
	})
	return list, err
}
