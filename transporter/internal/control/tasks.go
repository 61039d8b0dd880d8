package control

import (
	"context"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

// StartTask implements ControlService.
func (s *Service) StartTask(_ context.Context, req *transporterv1.StartTaskRequest) (*transporterv1.StartTaskResponse, error) {
	spec := task.Spec{
		ID: task.ID(req.GetTaskId()), Attempt: int(req.GetAttempt()), Run: record.RunID(req.GetRunId()),
	}
	if spec.ID == "" {
		return nil, fault.InvalidField("task_id", "the task has no id")
	}
	// A task that is known needs no work made, and its address and token may be stale by now.
	if state, err := s.Board.Get(spec.ID); err == nil && (!state.Status.Over() || spec.Attempt <= state.Attempt) {
		return &transporterv1.StartTaskResponse{State: taskOut(state)}, nil
	}
	var err error
	switch w := req.GetWork().(type) {
	case *transporterv1.StartTaskRequest_Backup:
		spec.Kind = "backup"
		spec.Exclusive = "mailbox " + w.Backup.GetMailbox().GetId()
		spec.Work, err = s.Bench.Backup(spec.Run, w.Backup)
	case *transporterv1.StartTaskRequest_Recovery:
		spec.Kind = "recovery"
		spec.Urgent = true
		if spec.Light = w.Recovery.GetPlanOnly(); !spec.Light {
			spec.Exclusive = "mailbox " + w.Recovery.GetMailbox().GetId()
		}
		spec.Work, err = s.Bench.Recovery(string(spec.ID), w.Recovery)
	case *transporterv1.StartTaskRequest_Undo:
		spec.Kind = "undo"
		spec.Urgent = true
		if spec.Light = w.Undo.GetPlanOnly(); !spec.Light {
			spec.Exclusive = "mailbox " + w.Undo.GetMailbox().GetId()
		}
		spec.Work, err = s.Bench.Undo(w.Undo)
	case *transporterv1.StartTaskRequest_Drill:
		spec.Kind = "drill"
		spec.Exclusive = "mailbox " + w.Drill.GetMailbox().GetId()
		spec.Work, err = s.Bench.Drill(string(spec.ID), w.Drill)
	default:
		err = s.upkeep(req, &spec)
	}
	if err != nil {
		return nil, err
	}
	state, err := s.Board.Start(spec)
	if err != nil {
		return nil, err
	}
	return &transporterv1.StartTaskResponse{State: taskOut(state)}, nil
}

// StopTask implements ControlService.
func (s *Service) StopTask(_ context.Context, req *transporterv1.StopTaskRequest) (*transporterv1.StopTaskResponse, error) {
	return &transporterv1.StopTaskResponse{}, s.Board.Stop(task.ID(req.GetTaskId()), req.GetNow())
}

// WatchTask implements ControlService.
func (s *Service) WatchTask(req *transporterv1.WatchTaskRequest, stream grpc.ServerStreamingServer[transporterv1.WatchTaskResponse]) error {
	return s.Board.Watch(stream.Context(), task.ID(req.GetTaskId()), func(state task.State) error {
		if !state.Status.Over() { // up to a thousand of them, several times a second
			state.LossesMore += int64(len(state.Losses))
			state.Losses = nil
		}
		return stream.Send(&transporterv1.WatchTaskResponse{State: taskOut(state)})
	})
}

// ListTasks implements ControlService. Losses are left out; watch a task for them.
func (s *Service) ListTasks(context.Context, *transporterv1.ListTasksRequest) (*transporterv1.ListTasksResponse, error) {
	answer := &transporterv1.ListTasksResponse{}
	for _, state := range s.Board.List() {
		state.LossesMore += int64(len(state.Losses))
		state.Losses = nil
		answer.Tasks = append(answer.Tasks, taskOut(state))
	}
	return answer, nil
}

// ForgetTask implements ControlService.
func (s *Service) ForgetTask(_ context.Context, req *transporterv1.ForgetTaskRequest) (*transporterv1.ForgetTaskResponse, error) {
	return &transporterv1.ForgetTaskResponse{}, s.Board.Forget(task.ID(req.GetTaskId()))
}
