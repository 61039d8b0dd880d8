package api

import (
	"context"

	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func (s *recoveries) ListPlan(ctx context.Context, q *directorv1.ListPlanRequest) (*directorv1.ListPlanResponse, error) {
	page, err := s.Dispatcher.Plan(ctx, record.RunID(q.GetActivityId()), &transporterv1.ListPlanRequest{
		Action: q.GetAction(), Offset: q.GetOffset(), Limit: q.GetLimit(),
	})
	if err != nil {
		return nil, err
	}
	out := &directorv1.ListPlanResponse{Total: page.GetTotal(), Beyond: page.GetBeyond()}
	for _, i := range page.GetItems() {
		out.Items = append(out.Items, &directorv1.PlanItem{
			Action: i.GetAction(), Message: showSummary(i.GetMessage()), Folder: i.GetFolder(), To: i.GetTo(), Count: i.GetCount(),
			Reason: i.GetReason(),
		})
	}
	return out, nil
}
