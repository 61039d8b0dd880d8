package control

import (
	"context"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/record"
)

// maxLedger is how many folders one answer lists.
const maxLedger = 10_000

// GetLedger implements ControlService.
func (s *Service) GetLedger(ctx context.Context, req *transporterv1.GetLedgerRequest) (*transporterv1.GetLedgerResponse, error) {
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	folders, sum, old, err := p.Ledger(ctx)
	if err != nil && fault.KindOf(err) != fault.Corrupt { // a damaged list hides nothing else
		return nil, err
	}
	answer := &transporterv1.GetLedgerResponse{
		Point: pointOut(p.Info()), Old: old, More: int64(max(0, len(folders)-maxLedger)),
		Balance: &transporterv1.Balance{Tenant: sum.Tenant, Kept: sum.Kept, Folders: sum.Folders, Unexplained: sum.Unexplained},
	}
	for _, f := range folders[:min(len(folders), maxLedger)] {
		answer.Folders = append(answer.Folders, ledgerFolderOut(&f))
	}
	return answer, nil
}

func ledgerFolderOut(f *balance.Folder) *transporterv1.LedgerFolder {
	out := &transporterv1.LedgerFolder{
		FolderId: string(f.ID), Path: text(f.Path), Before: f.Before, Tenant: f.Tenant, Kept: f.Kept,
	}
	for _, r := range f.Reasons {
		out.Reasons = append(out.Reasons, &transporterv1.LedgerReason{
			Cause: transporterv1.LedgerCause(r.Cause), Messages: r.Messages, Text: text(r.Text),
		})
	}
	return out
}

func balanceOut(b *record.Balance) *transporterv1.Balance {
	if b == nil {
		return nil
	}
	return &transporterv1.Balance{Tenant: b.Tenant, Kept: b.Kept, Folders: b.Folders, Unexplained: b.Unexplained}
}
