package fakeporter

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func (c *control) SetCodec(_ context.Context, q *transporterv1.SetCodecRequest) (*transporterv1.SetCodecResponse, error) {
	if err := c.p.called("SetCodec"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(me, q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	r.info.Codec = q.GetCodec()
	return &transporterv1.SetCodecResponse{Repository: r.show()}, nil
}

func (c *control) ChangeKey(_ context.Context, q *transporterv1.ChangeKeyRequest) (*transporterv1.ChangeKeyResponse, error) {
	if err := c.p.called("ChangeKey"); err != nil {
		return nil, err
	}
	me, lost := c.p.ID(), c.p.answered("ChangeKey")
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(me, q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	if r.passphrase != q.GetCurrent().GetPassphrase() {
		return nil, fault.New(fault.Unauthorized, "the passphrase is wrong")
	}
	r.passphrase = q.GetNext().GetPassphrase()
	return &transporterv1.ChangeKeyResponse{}, lost
}

func (c *control) DeletePoints(_ context.Context, q *transporterv1.DeletePointsRequest) (*transporterv1.DeletePointsResponse, error) {
	if err := c.p.called("DeletePoints"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(me, q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	r.points = slices.DeleteFunc(r.points, func(p *transporterv1.Point) bool { return slices.Contains(q.GetPointIds(), p.GetId()) })
	return &transporterv1.DeletePointsResponse{}, nil
}

// tend does to repositories what a task is to do, and reports it.
func (w *World) tend(porter string, q *transporterv1.StartTaskRequest, st *transporterv1.TaskState) {
	switch {
	case q.GetVerify() != nil:
		st.Verify = &transporterv1.VerifyReport{Points: 1, Blobs: 5, Bytes: 100}
	case q.GetReclaim() != nil:
		st.Reclaim = &transporterv1.ReclaimReport{
			FreedBytes: 4096, Blobs: 7, PacksDropped: 1, PacksRewritten: 2, PacksWritten: 1, GarbageBytes: 10, Left: []string{"a pack that is damaged"},
		}
	case q.GetSurvey() != nil:
		st.Survey = w.survey(porter, q.GetSurvey().GetRepositoryId())
	case q.GetRepair() != nil:
		st.Repair = &transporterv1.RepairReport{Points: 1, Blobs: 5, Bytes: 100, Repaired: []string{"the index was built anew"}}
	case q.GetCopy() != nil:
		st.Copy = w.copyPoints(porter, q.GetCopy())
	}
}

// survey notes in a repository what a survey found.
func (w *World) survey(porter, id string) *transporterv1.Survey {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(porter, id)
	if err != nil {
		w.violate("a survey of %s, which is not attached", id)
		return nil
	}
	r.info.Survey = &transporterv1.Survey{Taken: timestamppb.Now(), NeededBytes: 1000, GarbageBytes: 50}
	return r.info.Survey
}

func (c *control) ListBackups(q *transporterv1.ListBackupsRequest, stream transporterv1.ControlService_ListBackupsServer) error {
	if err := c.p.called("ListBackups"); err != nil {
		return err
	}
	points, err := c.points(q.GetRepositoryId())
	if err != nil {
		return err
	}
	for i, p := range points {
		err := stream.Send(&transporterv1.ListBackupsResponse{Backups: []*transporterv1.BackupSize{{
			Key: p.GetKey(), Origin: p.GetOrigin(), Points: 1, Messages: p.GetCounts().GetMessages(), HeldBytes: int64(100 * (i + 1)),
		}}})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *World) copyPoints(porter string, q *transporterv1.CopyWork) *transporterv1.CopyReport {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &transporterv1.CopyReport{Blobs: 3, Bytes: 300}
	from, _, err := w.attached(porter, q.GetRepositoryId())
	if err != nil {
		w.violate("a copy from %s, which is not attached", q.GetRepositoryId())
		return out
	}
	to, _, err := w.attached(porter, q.GetTargetRepositoryId())
	if err != nil {
		w.violate("a copy to %s, which is not attached", q.GetTargetRepositoryId())
		return out
	}
	for _, p := range from.points {
		if m := q.GetKey().GetMailboxId(); m != "" && m != p.GetKey().GetMailboxId() {
			continue
		}
		if slices.ContainsFunc(to.points, func(o *transporterv1.Point) bool { return o.GetId() == p.GetId() }) {
			out.Present++
			continue
		}
		to.points = append(to.points, proto.CloneOf(p))
		out.Copied++
	}
	return out
}
