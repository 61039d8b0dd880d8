package cli

import (
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// foundDamage reports whether something in a repository cannot be read.
func foundDamage(x *pb.Activity) bool {
	return len(x.GetVerify().GetDamage()) > 0 || len(x.GetRepair().GetDamage()) > 0
}

// upkeepResult tells what an activity on a repository found and did.
func (a *app) upkeepResult(x *pb.Activity) error {
	var lines []string
	add := func(parts ...string) { lines = append(lines, "  "+strings.Join(parts, ", ")) }
	each := func(label string, list []string) {
		for _, s := range list {
			lines = append(lines, "  "+label+": "+s)
		}
	}
	if v := x.GetVerify(); v != nil {
		add("checked "+counted(v.GetPoints(), "point"), counted(v.GetBlobs(), "blob"), size(v.GetBytes()))
		each("damage", v.GetDamage())
	}
	if u := x.GetUndo(); u != nil {
		add(undoParts(u)...)
	}
	if r := x.GetReclaim(); r != nil {
		add("freed "+size(r.GetFreedBytes()), counted(r.GetBlobs(), "blob")+" gone", size(r.GetGarbageBytes())+" of garbage left where there is little of it")
		add("packs: "+count(r.GetPacksDropped())+" dropped", count(r.GetPacksRewritten())+" rewritten into "+count(r.GetPacksWritten()))
		each("not freed", r.GetLeft())
	}
	if s := x.GetSurvey(); s != nil {
		add(size(s.GetNeededBytes())+" needed", size(s.GetGarbageBytes())+" garbage", counted(s.GetUnreadable(), "part")+" unreadable")
	}
	if r := x.GetRepair(); r != nil {
		add("looked through "+counted(r.GetPoints(), "point"), counted(r.GetBlobs(), "blob"), size(r.GetBytes()))
		each("repaired", r.GetRepaired())
		each("lost", r.GetDamage())
	}
	if r := x.GetCopy(); r != nil {
		add(counted(r.GetCopied(), "point")+" copied", count(r.GetPresent())+" were there already", count(r.GetDeleted())+" were deleted there",
			count(r.GetLeftOut())+" left out")
		add("sent "+counted(r.GetBlobs(), "blob"), size(r.GetBytes()))
		each("left out", r.GetReasons())
	}
	for _, line := range lines {
		if err := a.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}
