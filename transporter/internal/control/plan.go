package control

import (
	"context"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/repository"
)

// ListPlan implements ControlService.
func (s *Service) ListPlan(ctx context.Context, req *transporterv1.ListPlanRequest) (*transporterv1.ListPlanResponse, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = defaultMessages
	}
	if limit < 0 || limit > maxMessages || req.GetOffset() < 0 {
		return nil, fault.InvalidField("limit", "a page has 1 to %d lines", maxMessages)
	}
	if req.GetFolders() {
		return s.listPlanFolders(ctx, req, limit)
	}
	answer := &transporterv1.ListPlanResponse{}
	var page []recovery.Planned
	beyond, err := s.Bench.Plan(req.GetTaskId(), func(p recovery.Planned) bool {
		if req.GetAction() != "" && req.GetAction() != string(p.Action) {
			return true
		}
		if answer.Total++; answer.Total > req.GetOffset() && len(page) < limit {
			page = append(page, p)
		}
		return ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || len(page) == 0 {
		answer.Beyond = beyond
		return answer, err
	}
	answer.Beyond = beyond
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	paths := export.Paths(p.Folders())
	for _, line := range page {
		answer.Items = append(answer.Items, planItem(ctx, p, line, paths[line.Folder]))
	}
	return answer, nil
}

// listPlanFolders is ListPlan for folders.
func (s *Service) listPlanFolders(ctx context.Context, req *transporterv1.ListPlanRequest, limit int) (*transporterv1.ListPlanResponse, error) {
	answer := &transporterv1.ListPlanResponse{}
	var page []recovery.PlannedFolder
	err := s.Bench.PlanFolders(req.GetTaskId(), func(f recovery.PlannedFolder) bool {
		if req.GetAction() != "" && req.GetAction() != string(f.Verdict) {
			return true
		}
		if answer.Total++; answer.Total > req.GetOffset() && len(page) < limit {
			page = append(page, f)
		}
		return ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || len(page) == 0 {
		return answer, err
	}
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	paths := export.Paths(p.Folders())
	for _, f := range page {
		answer.Folders = append(answer.Folders, &transporterv1.PlanFolder{
			Verdict: string(f.Verdict), FolderId: string(f.Folder), Folder: names(paths[f.Folder]), To: names(f.To), Chosen: f.Chosen,
			IfExists: string(f.IfExists), Create: f.Create, Skip: f.Skip, Rename: f.Rename, Overwrite: f.Overwrite, Impossible: f.Impossible,
		})
	}
	return answer, nil
}

// planItem is a line with what a person knows the message by. A message that cannot be read has its id only.
func planItem(ctx context.Context, p *repository.Point, line recovery.Planned, path []string) *transporterv1.PlanItem {
	out := &transporterv1.PlanItem{
		Action: string(line.Action), Count: line.Count, Reason: text(line.Reason), To: names(line.To), Folder: names(path),
		Message: &transporterv1.MessageSummary{Id: string(line.Message), FolderId: string(line.Folder)},
	}
	if line.Message != "" {
		if m, err := p.Message(ctx, line.Folder, mail.MessageID(line.Message)); err == nil {
			out.Message = summaryOut(m)
		}
	}
	return out
}

func names(path []string) []string {
	out := make([]string, 0, len(path))
	for _, n := range path {
		out = append(out, clip(n, maxAddress))
	}
	return out
}
