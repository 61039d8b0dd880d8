package control

import (
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/drill"
)

// drillOut is how a drill went.
func drillOut(d *drill.Report) *transporterv1.DrillReport {
	out := &transporterv1.DrillReport{
		Messages: d.Messages, Same: d.Same, Different: d.Different, Missing: d.Missing, Compared: d.Compared,
		DifferencesMore: d.DifferencesMore, Left: d.Left,
	}
	for _, one := range d.Differences {
		out.Differences = append(out.Differences, &transporterv1.DrillDifference{
			FolderId: string(one.Folder), MessageId: string(one.Message), Field: text(one.Field), Text: text(one.Text),
		})
	}
	return out
}
