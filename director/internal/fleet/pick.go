package fleet

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// Pick returns the Transporter to ask something of that any could answer: the preferred one, else the least loaded of
// those that can be reached. Conflict when none is paired, Unavailable when none answers.
func (f *Fleet) Pick(preferred record.TransporterID) (record.TransporterID, error) {
	if preferred != "" {
		return preferred, nil
	}
	all, err := f.List()
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", fault.New(fault.Conflict, "no Transporter is paired yet: pair one first")
	}
	best, least := record.TransporterID(""), int32(0)
	for _, t := range all {
		s := f.Status(t.ID)
		if s.Reachable && (best == "" || s.Running < least) {
			best, least = t.ID, s.Running
		}
	}
	if best == "" {
		return "", f.Unreachable(all[0].ID, fault.New(fault.Unavailable, "%s", f.Status(all[0].ID).Error))
	}
	return best, nil
}
