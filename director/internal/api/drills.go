package api

import (
	"context"

	"holdfast/director/internal/drill"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type drills struct{ Options }

func (s *drills) CreateDrill(ctx context.Context, q *directorv1.CreateDrillRequest) (*directorv1.CreateDrillResponse, error) {
	d, err := takeDrill(q.GetDrill())
	if err == nil {
		d, err = s.Drills.Create(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	out, err := s.show(&d)
	return &directorv1.CreateDrillResponse{Drill: out}, err
}

func (s *drills) UpdateDrill(ctx context.Context, q *directorv1.UpdateDrillRequest) (*directorv1.UpdateDrillResponse, error) {
	d, err := takeDrill(q.GetDrill())
	if err == nil {
		d.ID = record.DrillID(q.GetDrill().GetId())
		d, err = s.Drills.Update(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	out, err := s.show(&d)
	return &directorv1.UpdateDrillResponse{Drill: out}, err
}

func (s *drills) DeleteDrill(ctx context.Context, q *directorv1.DeleteDrillRequest) (*directorv1.DeleteDrillResponse, error) {
	return &directorv1.DeleteDrillResponse{}, s.Drills.Delete(ctx, record.DrillID(q.GetDrillId()))
}

func (s *drills) ListDrills(context.Context, *directorv1.ListDrillsRequest) (*directorv1.ListDrillsResponse, error) {
	all, err := s.Drills.List()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListDrillsResponse{}
	for i := range all {
		one, err := s.show(&all[i])
		if err != nil {
			return nil, err
		}
		answer.Drills = append(answer.Drills, one)
	}
	return answer, nil
}

func (s *drills) RunDrill(ctx context.Context, q *directorv1.RunDrillRequest) (*directorv1.RunDrillResponse, error) {
	run, err := s.Drills.Start(ctx, record.DrillID(q.GetDrillId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.RunDrillResponse{ActivityId: string(run.ID)}, nil
}

func takeDrill(q *directorv1.Drill) (record.Drill, error) {
	d := record.Drill{
		Name: q.GetName(), Job: record.JobID(q.GetJobId()), Mailboxes: int(q.GetMailboxes()), Messages: int(q.GetMessages()),
		Account: mail.AccountID(q.GetAccountId()), Mailbox: mail.MailboxID(q.GetMailboxId()), Enabled: q.GetEnabled(),
	}
	for _, id := range q.GetMailboxIds() {
		d.Of = append(d.Of, mail.MailboxID(id))
	}
	if d.Mailboxes == 0 {
		d.Mailboxes = record.DefaultDrillMailboxes
	}
	if d.Messages == 0 {
		d.Messages = record.DefaultDrillMessages
	}
	for _, one := range q.GetSchedules() {
		taken, err := takeSchedule(one)
		if err != nil {
			return d, err
		}
		d.Schedules = append(d.Schedules, taken)
	}
	return d, nil
}

// show returns a drill with how it went last; a run that is not in the history any more is left out.
func (s *drills) show(d *record.Drill) (*directorv1.Drill, error) {
	out := &directorv1.Drill{
		Id: string(d.ID), Name: d.Name, JobId: string(d.Job), Mailboxes: int32(d.Mailboxes), Messages: int32(d.Messages),
		AccountId: string(d.Account), MailboxId: string(d.Mailbox), Enabled: d.Enabled, NextStart: stamp(drill.Next(d, s.Now())), LastError: d.LastError,
	}
	for _, id := range d.Of {
		out.MailboxIds = append(out.MailboxIds, string(id))
	}
	for i := range d.Schedules {
		out.Schedules = append(out.Schedules, showClock(&d.Schedules[i]))
	}
	if d.LastRun == "" {
		return out, nil
	}
	v, err := s.Dispatcher.Look(d.LastRun)
	if fault.KindOf(err) == fault.NotFound {
		return out, nil
	}
	out.LastActivityId, out.LastStatus, out.LastStarted = string(d.LastRun), directorv1.RunStatus(v.Status), stamp(v.Started)
	return out, err
}
