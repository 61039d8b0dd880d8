package fakeporter

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Plan is what a task does.
type Plan struct {
	// Hold, when set, is waited for before the point is sealed; AfterSeal before the end is told.
	Hold, AfterSeal <-chan struct{}
	// Fault ends the task instead of a point.
	Fault     *fault.Fault
	Temporary bool
	// Losses make the point incomplete.
	Losses []*transporterv1.Loss
	// Deaf ignores a stop after the current message.
	Deaf bool
}

// task is a task in the memory of a Transporter; Porter.mu guards state.
type task struct {
	request *transporterv1.StartTaskRequest
	state   *transporterv1.TaskState
	changed chan struct{} // closed and replaced at every change
	stop    chan struct{}
	stopNow chan struct{}
	gone    chan struct{}
}

func ended(s transporterv1.TaskStatus) bool {
	return s >= transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED
}

// begin starts an attempt; p.mu is held.
func (p *Porter) begin(q *transporterv1.StartTaskRequest) *task {
	t := &task{
		request: q, changed: make(chan struct{}), stop: make(chan struct{}), stopNow: make(chan struct{}), gone: make(chan struct{}),
		state: &transporterv1.TaskState{
			TaskId: q.GetTaskId(), Attempt: q.GetAttempt(), Status: transporterv1.TaskStatus_TASK_STATUS_RUNNING,
			Phase: "reading mail", Started: timestamppb.Now(), Progress: &transporterv1.Progress{MessagesTotal: 3},
		},
	}
	p.tasks[q.GetTaskId()] = t
	plan := Plan{}
	if p.Behave != nil {
		plan = p.Behave(q)
	}
	life, me := p.life, p.paired.id
	go func() {
		defer close(t.gone)
		p.run(life, me, t, plan)
	}()
	return t
}

func (p *Porter) change(t *task, edit func(*transporterv1.TaskState)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(t.state)
	if ended(t.state.GetStatus()) {
		t.state.Ended = timestamppb.Now()
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

func (p *Porter) run(life context.Context, me string, t *task, plan Plan) {
	backup := t.request.GetBackup()
	var s *session
	if backup != nil {
		var err error
		if s, err = p.World.begin(me, owner(me, t.request.GetTaskId(), t.request.GetAttempt()), backup); err != nil {
			p.fail(t, err, true)
			return
		}
		defer p.World.end(s)
	}
	for n := range int64(3) {
		p.change(t, func(st *transporterv1.TaskState) {
			st.Progress = &transporterv1.Progress{MessagesDone: n + 1, MessagesTotal: 3, Requests: n}
		})
	}
	if !p.hold(life, t, s, plan.Hold, plan.Deaf) {
		return
	}
	if plan.Fault != nil {
		p.fail(t, plan.Fault, plan.Temporary)
		return
	}
	var point *transporterv1.Point
	if backup != nil {
		var err error
		if point, err = p.World.seal(s, t.request.GetRunId(), backup); err != nil {
			p.fail(t, err, true)
			return
		}
	}
	if plan.AfterSeal != nil {
		select {
		case <-plan.AfterSeal:
		case <-life.Done():
			return
		}
	}
	p.change(t, func(st *transporterv1.TaskState) {
		st.Status, st.Point, st.Losses = transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED, point, plan.Losses
		if len(plan.Losses) > 0 {
			st.Status = transporterv1.TaskStatus_TASK_STATUS_INCOMPLETE
		}
		if t.request.GetRecovery() != nil {
			st.Recovery = &transporterv1.RecoveryReport{Created: 3, Notes: []string{"none"}}
		}
		p.World.tend(me, t.request, st)
	})
}

// hold waits for the test's word. It is false when the task ended in the meantime.
func (p *Porter) hold(life context.Context, t *task, s *session, word <-chan struct{}, deaf bool) bool {
	if word == nil {
		return life.Err() == nil
	}
	stop := t.stop
	if deaf {
		stop = nil
	}
	var broken chan struct{}
	if s != nil {
		broken = s.broken
	}
	select {
	case <-word:
		return true
	case <-life.Done():
		return false
	case <-broken:
		p.fail(t, fault.New(fault.Unavailable, "the vault is out of reach"), true)
	case <-stop:
		p.stopped(t)
	case <-t.stopNow:
		p.stopped(t)
	}
	return false
}

func (p *Porter) stopped(t *task) {
	p.change(t, func(st *transporterv1.TaskState) { st.Status = transporterv1.TaskStatus_TASK_STATUS_STOPPED })
}

func (p *Porter) fail(t *task, err error, temporary bool) {
	p.change(t, func(st *transporterv1.TaskState) {
		st.Status, st.FaultKind, st.Error = transporterv1.TaskStatus_TASK_STATUS_FAILED, int32(fault.KindOf(err)), err.Error()
		st.Temporary = temporary
	})
}

func (c *control) StartTask(_ context.Context, q *transporterv1.StartTaskRequest) (*transporterv1.StartTaskResponse, error) {
	p := c.p
	if err := p.called("StartTask"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.GetTaskId() == "" || q.GetAttempt() < 1 || q.GetRunId() == "" || q.GetWork() == nil {
		p.World.note("StartTask without id, attempt, run or work")
		return nil, fault.New(fault.Invalid, "the task is not whole")
	}
	t := p.tasks[q.GetTaskId()]
	if t == nil || ended(t.state.GetStatus()) && q.GetAttempt() > t.state.GetAttempt() {
		t = p.begin(q)
	}
	return &transporterv1.StartTaskResponse{State: proto.CloneOf(t.state)}, nil
}

func (c *control) StopTask(_ context.Context, q *transporterv1.StopTaskRequest) (*transporterv1.StopTaskResponse, error) {
	p := c.p
	if err := p.called("StopTask"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tasks[q.GetTaskId()]
	if t == nil {
		return nil, errUnknownTask(q.GetTaskId())
	}
	shut(t.stop)
	if q.GetNow() {
		shut(t.stopNow)
	}
	return &transporterv1.StopTaskResponse{}, nil
}

// shut closes a channel once; Porter.mu is held.
func shut(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

func (c *control) WatchTask(q *transporterv1.WatchTaskRequest, stream transporterv1.ControlService_WatchTaskServer) error {
	p := c.p
	if err := p.called("WatchTask"); err != nil {
		return err
	}
	p.mu.Lock()
	t := p.tasks[q.GetTaskId()]
	p.mu.Unlock()
	if t == nil {
		return errUnknownTask(q.GetTaskId())
	}
	for {
		p.mu.Lock()
		state, changed := proto.CloneOf(t.state), t.changed
		p.mu.Unlock()
		if err := stream.Send(&transporterv1.WatchTaskResponse{State: state}); err != nil || ended(state.GetStatus()) {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

func (c *control) ListTasks(context.Context, *transporterv1.ListTasksRequest) (*transporterv1.ListTasksResponse, error) {
	p := c.p
	if err := p.called("ListTasks"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := &transporterv1.ListTasksResponse{}
	for _, t := range p.tasks {
		answer.Tasks = append(answer.Tasks, proto.CloneOf(t.state))
	}
	return answer, nil
}

func (c *control) ForgetTask(_ context.Context, q *transporterv1.ForgetTaskRequest) (*transporterv1.ForgetTaskResponse, error) {
	p := c.p
	if err := p.called("ForgetTask"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tasks[q.GetTaskId()]
	switch {
	case t == nil:
		return nil, errUnknownTask(q.GetTaskId())
	case !ended(t.state.GetStatus()):
		return nil, fault.New(fault.Conflict, "the task runs")
	}
	delete(p.tasks, q.GetTaskId())
	return &transporterv1.ForgetTaskResponse{}, nil
}

// Tasks returns the ids of the tasks that it knows.
func (p *Porter) Tasks() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []string
	for id := range p.tasks {
		ids = append(ids, id)
	}
	return ids
}

// Running returns how many of its tasks run.
func (p *Porter) Running() int { return int(p.status().GetTasksRunning()) }

// ShutDown stops all tasks as a Transporter does that is told to end, and then ends.
func (p *Porter) ShutDown() {
	p.mu.Lock()
	tasks := make([]*task, 0, len(p.tasks))
	for _, t := range p.tasks {
		shut(t.stopNow)
		tasks = append(tasks, t)
	}
	p.mu.Unlock()
	for _, t := range tasks {
		<-t.gone
	}
}

func (w *World) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violate(format, args...)
}
