package fakeporter

import (
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Holds sets what a mailbox holds; one that is not set has two folders with three messages. Fewer than none cannot be counted.
func (w *World) Holds(mailbox string, messages int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holds[mailbox] = messages
}

func (c *control) MeasureMailboxes(q *transporterv1.MeasureMailboxesRequest, stream transporterv1.ControlService_MeasureMailboxesServer) error {
	if err := c.p.called("MeasureMailboxes"); err != nil {
		return err
	}
	if _, err := c.p.World.signIn(q.GetAccount()); err != nil {
		return err
	}
	if len(q.GetMailboxIds()) > 1000 {
		return fault.InvalidField("mailbox_ids", "has more than 1000 entries")
	}
	for _, id := range q.GetMailboxIds() {
		if err := stream.Send(c.p.World.measure(id)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) measure(id string) *transporterv1.MeasureMailboxesResponse {
	w.mu.Lock()
	defer w.mu.Unlock()
	messages, set := w.holds[id]
	switch {
	case !set:
		return &transporterv1.MeasureMailboxesResponse{MailboxId: id, Folders: 2, Messages: 3}
	case messages < 0:
		return &transporterv1.MeasureMailboxesResponse{MailboxId: id, Error: "the mailbox is on hold"}
	}
	return &transporterv1.MeasureMailboxesResponse{MailboxId: id, Folders: 2, Messages: messages}
}
