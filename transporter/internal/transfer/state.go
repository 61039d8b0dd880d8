package transfer

import (
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// packer cuts a call into parts: add is called for each element with its encoded size, and sends the part when it is full.
type packer struct {
	size int
	send func() error
}

func (p *packer) add(m proto.Message) error { return p.addSize(proto.Size(m)) }

func (p *packer) addSize(n int) error {
	if p.size += n + 8; p.size < partBytes { // 8: tag and length, at most
		return nil
	}
	p.size = 0
	return p.send()
}

func toLoss(l mail.Loss) *pb.Loss {
	return &pb.Loss{
		MessageId: string(l.Message), FolderId: string(l.Folder), Subject: l.Subject, What: l.What, Reason: l.Reason,
		RequestId: l.RequestID,
	}
}

func fromLoss(l *pb.Loss) mail.Loss {
	return mail.Loss{
		Message: mail.MessageID(l.GetMessageId()), Folder: mail.FolderID(l.GetFolderId()), Subject: l.GetSubject(),
		What: l.GetWhat(), Reason: l.GetReason(), RequestID: l.GetRequestId(),
	}
}

// sendState sends a state in parts, the last one marked.
func sendState(s backup.State, send func(*pb.BeginResponse) error) error {
	part := &pb.BeginResponse{BasePointId: string(s.Base), Resumed: s.Resumed, Begun: toTime(s.Begun)}
	p := packer{send: func() error {
		full := part
		part = &pb.BeginResponse{}
		return send(full)
	}}
	for _, f := range s.Folders {
		m := &pb.FolderState{FolderId: string(f.Folder), Cursor: string(f.Cursor), Enumerating: f.Enumerating}
		part.Folders = append(part.Folders, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	for _, l := range s.Losses {
		m := toLoss(l)
		part.Losses = append(part.Losses, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	part.Last = true
	return send(part)
}

// receiveState puts a state together.
func receiveState(receive func() (*pb.BeginResponse, error)) (backup.State, error) {
	var s backup.State
	for first := true; ; first = false {
		part, err := receive()
		if err != nil {
			return s, err
		}
		if first {
			d := decoder{}
			s.Base, s.Resumed, s.Begun = record.PointID(part.GetBasePointId()), part.GetResumed(), d.time(part.GetBegun())
		}
		for _, f := range part.GetFolders() {
			s.Folders = append(s.Folders, backup.FolderState{
				Folder: mail.FolderID(f.GetFolderId()), Cursor: mail.Cursor(f.GetCursor()), Enumerating: f.GetEnumerating(),
			})
		}
		for _, l := range part.GetLosses() {
			s.Losses = append(s.Losses, fromLoss(l))
		}
		switch {
		case len(s.Folders) > maxFolders:
			return s, tooMany("folders in a state", len(s.Folders), maxFolders)
		case len(s.Losses) > maxLosses:
			return s, tooMany("losses in a state", len(s.Losses), maxLosses)
		case part.GetLast():
			return s, nil
		}
	}
}

// sendCheckpoint sends a checkpoint in parts, the last one marked.
func sendCheckpoint(c backup.Checkpoint, send func(*pb.CommitRequest) error) error {
	part := &pb.CommitRequest{
		FolderId: string(c.Folder), Cursor: string(c.Cursor), Full: c.Full, Restart: c.Restart, Done: c.Done,
	}
	p := packer{send: func() error {
		full := part
		part = &pb.CommitRequest{}
		return send(full)
	}}
	for i := range c.Messages {
		m := toRecord(&c.Messages[i])
		part.Messages = append(part.Messages, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	for _, id := range c.Gone {
		part.Gone = append(part.Gone, string(id))
		if err := p.addSize(len(id)); err != nil {
			return err
		}
	}
	for _, id := range c.Deleted {
		part.Deleted = append(part.Deleted, string(id))
		if err := p.addSize(len(id)); err != nil {
			return err
		}
	}
	for _, l := range c.Losses {
		m := toLoss(l)
		part.Losses = append(part.Losses, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	part.Last = true
	return send(part)
}

// receiveCheckpoint puts a checkpoint together.
func receiveCheckpoint(receive func() (*pb.CommitRequest, error)) (backup.Checkpoint, error) {
	var c backup.Checkpoint
	size := 0
	for first := true; ; first = false {
		part, err := receive()
		if err != nil {
			return c, cut(err)
		}
		if size += proto.Size(part); size > maxAssembled {
			return c, fault.New(fault.Invalid, "a checkpoint is larger than %d bytes", maxAssembled)
		}
		if first {
			c.Folder, c.Cursor = mail.FolderID(part.GetFolderId()), mail.Cursor(part.GetCursor())
			c.Full, c.Restart, c.Done = part.GetFull(), part.GetRestart(), part.GetDone()
		}
		for _, r := range part.GetMessages() {
			m, err := fromRecord(r)
			if err != nil {
				return c, err
			}
			c.Messages = append(c.Messages, *m)
		}
		for _, id := range part.GetGone() {
			c.Gone = append(c.Gone, mail.MessageID(id))
		}
		for _, id := range part.GetDeleted() {
			c.Deleted = append(c.Deleted, mail.MessageID(id))
		}
		for _, l := range part.GetLosses() {
			c.Losses = append(c.Losses, fromLoss(l))
		}
		switch {
		case len(c.Messages) > maxRecords:
			return c, tooMany("messages in a checkpoint", len(c.Messages), maxRecords)
		case len(c.Gone)+len(c.Deleted) > maxIDs:
			return c, tooMany("removals in a checkpoint", len(c.Gone)+len(c.Deleted), maxIDs)
		case len(c.Losses) > maxLosses:
			return c, tooMany("losses in a checkpoint", len(c.Losses), maxLosses)
		case part.GetLast():
			return c, nil
		}
	}
}

// sendSummary sends a summary in parts, the last one marked.
func sendSummary(s backup.Summary, send func(*pb.SealRequest) error) error {
	part := &pb.SealRequest{RunId: string(s.Run), Origin: toOrigin(s.Origin), Time: toTime(s.Time), Ledger: toLedger(s.Ledger)}
	p := packer{send: func() error {
		full := part
		part = &pb.SealRequest{}
		return send(full)
	}}
	for _, f := range s.Folders {
		m := &pb.Folder{
			Id: string(f.ID), ParentId: string(f.Parent), Name: f.Name, Role: string(f.Role), Hidden: f.Hidden, Total: int64(f.Total),
		}
		if s.Ledger != nil {
			if n, ok := s.Ledger.After[f.ID]; ok {
				m.After = &n
			}
		}
		part.Folders = append(part.Folders, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	for _, l := range s.Losses {
		m := toLoss(l)
		part.Losses = append(part.Losses, m)
		if err := p.add(m); err != nil {
			return err
		}
	}
	part.Last = true
	return send(part)
}

// receiveSummary puts a summary together.
func receiveSummary(receive func() (*pb.SealRequest, error)) (backup.Summary, error) {
	var s backup.Summary
	for first := true; ; first = false {
		part, err := receive()
		if err != nil {
			return s, cut(err)
		}
		d := decoder{}
		if first {
			s.Run, s.Origin, s.Time = record.RunID(part.GetRunId()), d.origin(part.GetOrigin()), d.time(part.GetTime())
			s.Ledger = d.ledger(part.GetLedger())
		}
		for _, f := range part.GetFolders() {
			s.Folders = append(s.Folders, mail.Folder{
				ID: mail.FolderID(f.GetId()), Parent: mail.FolderID(f.GetParentId()), Name: f.GetName(),
				Role: mail.Role(f.GetRole()), Hidden: f.GetHidden(), Total: int(f.GetTotal()),
			})
			if s.Ledger != nil && f.After != nil {
				s.Ledger.After[mail.FolderID(f.GetId())] = f.GetAfter()
			}
		}
		for _, l := range part.GetLosses() {
			s.Losses = append(s.Losses, fromLoss(l))
		}
		switch {
		case d.err != nil:
			return s, d.err
		case len(s.Folders) > maxFolders:
			return s, tooMany("folders in a summary", len(s.Folders), maxFolders)
		case len(s.Losses) > maxLosses:
			return s, tooMany("losses in a summary", len(s.Losses), maxLosses)
		case part.GetLast():
			return s, nil
		}
	}
}

func toOrigin(o record.Origin) *pb.Origin {
	return &pb.Origin{
		AccountName: o.AccountName, TenantId: string(o.Tenant), MailboxName: o.MailboxName, MailboxAddress: o.MailboxAddress,
		MailboxKind: int32(o.MailboxKind), JobName: o.JobName,
	}
}

func (d *decoder) origin(o *pb.Origin) record.Origin {
	return record.Origin{
		AccountName: o.GetAccountName(), Tenant: mail.TenantID(o.GetTenantId()), MailboxName: o.GetMailboxName(),
		MailboxAddress: o.GetMailboxAddress(), MailboxKind: mail.MailboxKind(d.number(o.GetMailboxKind())), JobName: o.GetJobName(),
	}
}

func toPoint(p record.Point) *pb.Point {
	return &pb.Point{
		Id: string(p.ID), AccountId: string(p.Key.Account), MailboxId: string(p.Key.Mailbox), JobId: string(p.Key.Job),
		Origin: toOrigin(p.Origin), RunId: string(p.Run), Time: toTime(p.Time), Sealed: toTime(p.Sealed),
		Folders: p.Counts.Folders, Messages: p.Counts.Messages, Attachments: p.Counts.Attachments, Bytes: p.Counts.Bytes,
		Lost: p.Counts.Lost, Complete: p.Complete, Balance: toBalance(p.Balance),
	}
}

func fromPoint(p *pb.Point) (record.Point, error) {
	d := decoder{}
	point := record.Point{
		ID:     record.PointID(p.GetId()),
		Key:    record.BackupKey{Account: mail.AccountID(p.GetAccountId()), Mailbox: mail.MailboxID(p.GetMailboxId()), Job: record.JobID(p.GetJobId())},
		Origin: d.origin(p.GetOrigin()), Run: record.RunID(p.GetRunId()), Time: d.time(p.GetTime()), Sealed: d.time(p.GetSealed()),
		Counts: record.Counts{
			Folders: p.GetFolders(), Messages: p.GetMessages(), Attachments: p.GetAttachments(), Bytes: p.GetBytes(), Lost: p.GetLost(),
		},
		Complete: p.GetComplete(), Balance: fromBalance(p.GetBalance()),
	}
	d.check(p.GetId() != "", "point")
	return point, d.err
}
