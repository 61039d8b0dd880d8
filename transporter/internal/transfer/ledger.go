package transfer

import (
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/record"
)

func toLedger(l *balance.Ledger) *pb.Ledger {
	if l == nil {
		return nil
	}
	out := &pb.Ledger{MoreFolders: l.MoreFolders, MoreMessages: l.MoreMessages, Same: l.Same}
	for _, o := range l.Outside {
		out.Folders = append(out.Folders, &pb.LedgerFolder{
			Id: string(o.ID), Name: o.Name, ParentId: string(o.Parent), Total: o.Total, Why: int32(o.Why),
		})
	}
	return out
}

// ledger reads a ledger; what each folder held comes with the folders.
func (d *decoder) ledger(p *pb.Ledger) *balance.Ledger {
	if p == nil {
		return nil
	}
	l := &balance.Ledger{After: map[mail.FolderID]int64{}, Same: p.GetSame()}
	for _, f := range p.GetFolders() {
		l.Add(balance.Outside{
			ID: mail.FolderID(f.GetId()), Parent: mail.FolderID(f.GetParentId()), Name: f.GetName(), Total: f.GetTotal(),
			Why: balance.Why(d.number(f.GetWhy())),
		})
	}
	l.MoreFolders += p.GetMoreFolders()
	l.MoreMessages += p.GetMoreMessages()
	return l
}

func toBalance(b *record.Balance) *pb.Balance {
	if b == nil {
		return nil
	}
	return &pb.Balance{Tenant: b.Tenant, Kept: b.Kept, Folders: b.Folders, Unexplained: b.Unexplained}
}

func fromBalance(b *pb.Balance) *record.Balance {
	if b == nil {
		return nil
	}
	return &record.Balance{Tenant: b.GetTenant(), Kept: b.GetKept(), Folders: b.GetFolders(), Unexplained: b.GetUnexplained()}
}
