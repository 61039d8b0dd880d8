package repository

import (
	"context"

	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/record"
)

// Ledger compares the point with the mailbox as it was, folder by folder; old is true of a point that was made before ledgers
// were kept. Of damaged lists it takes what can be read, and returns Corrupt beside it.
func (p *Point) Ledger(ctx context.Context) (list []balance.Folder, sum balance.Sum, old bool, err error) {
	losses, err := p.Losses(ctx)
	if err != nil && len(losses) == 0 {
		return nil, balance.Sum{}, false, err
	}
	pending, perr := p.r.loadPending(p.root.pb)
	if err == nil {
		err = perr
	}
	l := fromLedger(p.root.pb.GetLedger(), p.root.folders)
	list, sum = balance.Compare(keptOf(p.root.folders, pending), losses, l)
	return list, sum, l == nil, err
}

// sumOf is the sum that a point carries.
func sumOf(folders []folder, pending []*pb.Gone, losses []mail.Loss, l *balance.Ledger) *record.Balance {
	_, sum := balance.Compare(keptOf(folders, pending), losses, l)
	return &record.Balance{Tenant: sum.Tenant, Kept: sum.Kept, Folders: sum.Folders, Unexplained: sum.Unexplained}
}

func keptOf(folders []folder, pending []*pb.Gone) []balance.Kept {
	waiting := map[mail.FolderID]int64{}
	for _, g := range pending {
		waiting[mail.FolderID(g.GetFolder())]++
	}
	list := make([]balance.Kept, len(folders))
	for i := range folders {
		f := &folders[i]
		list[i] = balance.Kept{Folder: f.Folder, Messages: f.counts().Messages, Pending: waiting[f.ID]}
	}
	return list
}

func toLedger(l *balance.Ledger) *pb.Ledger {
	out := &pb.Ledger{MoreFolders: l.MoreFolders, MoreMessages: l.MoreMessages}
	for _, o := range l.Outside {
		out.Folders = append(out.Folders, &pb.LedgerFolder{
			Id: string(o.ID), Name: o.Name, Parent: string(o.Parent), Total: o.Total, Why: uint32(o.Why),
		})
	}
	return out
}

func fromLedger(p *pb.Ledger, folders []folder) *balance.Ledger {
	if p == nil {
		return nil
	}
	l := &balance.Ledger{After: map[mail.FolderID]int64{}}
	for _, f := range p.GetFolders() {
		why := balance.Why(0)
		if f.GetWhy() <= uint32(balance.Young) {
			why = balance.Why(f.GetWhy())
		}
		l.Add(balance.Outside{ID: mail.FolderID(f.GetId()), Parent: mail.FolderID(f.GetParent()), Name: f.GetName(), Total: f.GetTotal(), Why: why})
	}
	l.MoreFolders += p.GetMoreFolders()
	l.MoreMessages += p.GetMoreMessages()
	for i := range folders {
		if n := folders[i].after; n != nil {
			l.After[folders[i].ID] = *n
		}
	}
	return l
}

func toBalance(b *record.Balance) *pb.Balance {
	return &pb.Balance{Tenant: b.Tenant, Kept: b.Kept, Folders: b.Folders, Unexplained: b.Unexplained}
}

func fromBalance(b *pb.Balance) *record.Balance {
	if b == nil {
		return nil
	}
	return &record.Balance{Tenant: b.GetTenant(), Kept: b.GetKept(), Folders: b.GetFolders(), Unexplained: b.GetUnexplained()}
}
