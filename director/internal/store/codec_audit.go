package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeAudit(r *record.AuditEntry) *statev1.AuditEntry {
	p := &statev1.AuditEntry{
		Id: r.ID, Time: stamp(r.Time), User: r.User, Role: int32(r.Role), Kind: int32(r.Kind), TokenName: r.TokenName, Session: r.Session,
		Remote: r.Remote, Method: r.Method, MoreObjects: int32(r.More), Fault: r.Fault, Count: int32(r.Count), Last: stamp(r.Last),
		PlanOnly: r.PlanOnly,
	}
	for _, o := range r.Objects {
		p.Objects = append(p.Objects, &statev1.AuditObject{Kind: o.Kind, Id: o.ID, Name: o.Name})
	}
	return p
}

func decodeAudit(p *statev1.AuditEntry) record.AuditEntry {
	r := record.AuditEntry{
		ID: p.GetId(), Time: moment(p.GetTime()), User: p.GetUser(), Role: record.Role(p.GetRole()), Kind: record.TokenKind(p.GetKind()),
		TokenName: p.GetTokenName(), Session: p.GetSession(), Remote: p.GetRemote(), Method: p.GetMethod(), More: int(p.GetMoreObjects()),
		Fault: p.GetFault(), Count: int(p.GetCount()), Last: moment(p.GetLast()),
		PlanOnly: p.GetPlanOnly(),
	}
	for _, o := range p.GetObjects() {
		r.Objects = append(r.Objects, record.AuditObject{Kind: o.GetKind(), ID: o.GetId(), Name: o.GetName()})
	}
	return r
}
