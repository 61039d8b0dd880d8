package record

import (
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// RunKind tells what a run does. Numbers are stored.
type RunKind int32

// The kinds of run.
const (
	KindBackup   RunKind = 1
	KindRecovery RunKind = 2
	KindVerify   RunKind = 3
	KindReclaim  RunKind = 4
	KindRepair   RunKind = 5
	KindCopy     RunKind = 6
	KindSurvey   RunKind = 7
	KindUndo     RunKind = 8
	KindDrill    RunKind = 9
	// What follows the Director does itself: such a run has no tasks.
	KindDetach         RunKind = 20
	KindAttach         RunKind = 21
	KindDirectorBackup RunKind = 22
)

// Urgent reports whether somebody waits for it: it goes before what can wait, and beyond a Transporter's limit.
func (k RunKind) Urgent() bool { return k == KindRecovery || k == KindUndo }

// Own reports whether the Director does it itself, without tasks at a Transporter.
func (k RunKind) Own() bool { return k == KindDetach || k == KindAttach || k == KindDirectorBackup }

// RunStatus is where a run is. Numbers are stored.
type RunStatus int32

// The states of a run. Stopping and the states before it are not final; all behind it are.
const (
	RunQueued     RunStatus = 1
	RunRunning    RunStatus = 2
	RunStopping   RunStatus = 3
	RunSucceeded  RunStatus = 4
	RunIncomplete RunStatus = 5
	RunFailed     RunStatus = 6
	RunStopped    RunStatus = 7
)

// Ended reports whether the state is final.
func (s RunStatus) Ended() bool { return s > RunStopping }

// Run is one execution of a job, or a recovery, or something that is done to a repository.
type Run struct {
	ID      RunID
	Kind    RunKind
	Title   string
	Job     JobID
	JobName string
	// Options are the job's as the run began.
	Options JobOptions
	Status  RunStatus
	// Stop is set once it was asked to stop, StopNow when at once.
	Stop    bool
	StopNow bool
	Started time.Time
	Ended   time.Time
	// Tasks is how many there are; the four behind it count those that ended.
	Tasks, Succeeded, Incomplete, Failed, Stopped int32
	// Progress is the sum over the tasks that ended.
	Progress Progress
	Error    string
	// Cause is what started it; empty for a person.
	Cause string
	// StopAt is when its schedule ends it; zero for never.
	StopAt time.Time
	// Phase is what it does besides its tasks.
	Phase RunPhase
	// Notes are what people are told beside the result; see Note.
	Notes []string
	// Took is how long it took, by a clock that is not set; while it goes on, in the Director's lives that are over.
	Took time.Duration
	// Held is why it waits, of a run that the Director does itself.
	Held string
	// PlanOnly is set when it plans a recovery or an undo.
	PlanOnly bool
	// DrillOf is the drill that it is of; empty for none.
	DrillOf DrillID
	// Sums over the tasks that ended, of a run of several that is no backup; Losses is how many they have.
	Recovery *RecoveryReport
	Undo     *UndoReport
	Drill    *DrillReport
	Losses   int64
}

// Done returns how many tasks ended.
func (r *Run) Done() int32 { return r.Succeeded + r.Incomplete + r.Failed + r.Stopped }

// Count adds an ended task.
func (r *Run) Count(t *Task) {
	switch t.Status {
	case TaskSucceeded:
		r.Succeeded++
	case TaskIncomplete:
		r.Incomplete++
	case TaskStopped:
		r.Stopped++
	default:
		r.Failed++
	}
	r.Progress.Add(t.Progress)
	r.sum(t)
}

// Result is the final state that the counts amount to.
func (r *Run) Result() RunStatus {
	switch {
	case r.Stopped > 0:
		return RunStopped
	case r.Failed > 0:
		return RunFailed
	case r.Incomplete > 0:
		return RunIncomplete
	}
	return RunSucceeded
}

// TaskStatus is where a task is. Numbers are stored.
type TaskStatus int32

// The states of a task.
const (
	TaskQueued     TaskStatus = 1
	TaskRunning    TaskStatus = 2
	TaskSucceeded  TaskStatus = 3
	TaskIncomplete TaskStatus = 4
	TaskFailed     TaskStatus = 5
	TaskStopped    TaskStatus = 6
	// TaskRetrying waits for its next attempt, or for its Transporter to come back.
	TaskRetrying TaskStatus = 7
)

// Ended reports whether the state is final.
func (s TaskStatus) Ended() bool { return s >= TaskSucceeded && s <= TaskStopped }

// Task is the part of a run for one mailbox, or all of a run of another kind.
type Task struct {
	ID             TaskID
	Run            RunID
	Kind           RunKind
	Account        mail.AccountID
	Mailbox        mail.MailboxID
	MailboxName    string
	MailboxAddress string
	MailboxKind    mail.MailboxKind
	Repository     RepositoryID
	Status         TaskStatus
	// Transporter is where it runs or ran; empty before it was placed.
	Transporter TransporterID
	// Attempt is the one asked of the Transporter; it rises with every start.
	Attempt int32
	// Failures counts temporary faults in a row.
	Failures int32
	// Transfers were opened for it and are not known to be closed.
	Transfers      []Transfer
	Started        time.Time
	AttemptStarted time.Time
	NextTry        time.Time
	Ended          time.Time
	Phase          string
	Progress       Progress
	// Earlier is the effort of earlier attempts; Progress includes it.
	Earlier   Progress
	Error     string
	FaultKind fault.Kind
	RequestID string
	// Losses is how many are kept beside the task, LossesMore how many beyond them there were.
	Losses     int64
	LossesMore int64
	Point      PointID
	// Full is for a verify: re-hash every byte.
	Full bool
	// Copy is for a copy: what is copied, and where to.
	Copy *Copy
	// Undo is for an undo.
	Undo *Undo
	// Source is what a recovery, an undo or a drill recovers from; nil in old ones.
	Source *TaskSource
	// Drill is for a drill.
	Drill          *DrillTask
	DrillReport    *DrillReport
	RecoveryReport *RecoveryReport
	VerifyReport   *VerifyReport
	ReclaimReport  *ReclaimReport
	RepairReport   *RepairReport
	CopyReport     *CopyReport
	SurveyReport   *Survey
	UndoReport     *UndoReport
	// Tries failed and were followed by another, oldest first; at most as many as the job's options say.
	Tries []Try
	// Took is how long it was worked on, by a clock that is not set; waits between tries are left out.
	Took time.Duration
	// Balance compares the mailbox with the point; nil without a point, and where the Transporter did not say.
	Balance *Balance
}

// Transfer is an open way into a repository, on the Transporter that keeps it.
type Transfer struct {
	ID          string
	Transporter TransporterID
}

// Losses of a task.
type Losses struct {
	Task   TaskID
	Losses []mail.Loss
}

// VerifyReport is what a verify found.
type VerifyReport struct {
	Points, Blobs, Bytes int64
	Damage               []string
}
