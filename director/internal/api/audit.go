package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/audit"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// pathAudit is where the audit log is had as a file.
const pathAudit = "/download/audit"

// defaultEntries is how many entries a page has when the request names no size.
const defaultEntries = 100

type audits struct{ Options }

func (s *audits) ListAudit(ctx context.Context, q *directorv1.ListAuditRequest) (*directorv1.ListAuditResponse, error) {
	list, next, err := s.Audit.List(ctx, takeFilter(q.GetFilter()), q.GetPageToken(), orDefault(q.GetPageSize(), defaultEntries))
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListAuditResponse{NextPageToken: next, Areas: areas()}
	for i := range list {
		answer.Entries = append(answer.Entries, showAudit(&list[i]))
	}
	return answer, nil
}

// areas returns all that methods are part of.
func areas() []string {
	var list []string
	for procedure := range audited {
		if a := audit.Area(methodOf(procedure)); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	slices.Sort(list)
	return list
}

func takeFilter(f *directorv1.AuditFilter) audit.Filter {
	out := audit.Filter{User: f.GetUser(), Area: f.GetArea(), Failed: f.GetFailed(), Object: f.GetObject()}
	if f.GetSince() != nil {
		out.Since = f.GetSince().AsTime()
	}
	if f.GetUntil() != nil {
		out.Until = f.GetUntil().AsTime()
	}
	return out
}

func showAudit(e *record.AuditEntry) *directorv1.AuditEntry {
	out := &directorv1.AuditEntry{
		Id: e.ID, Time: stamp(e.Time), User: e.User, Role: directorv1.Role(e.Role), Kind: directorv1.TokenKind(e.Kind),
		TokenName: e.TokenName, SessionId: e.Session, Remote: e.Remote, Method: e.Method, Area: audit.Area(e.Method),
		PlanOnly: e.PlanOnly, MoreObjects: int32(e.More), Fault: e.Fault, Count: int32(e.Count), Last: stamp(e.Last),
	}
	for _, o := range e.Objects {
		out.Objects = append(out.Objects, &directorv1.AuditObject{Kind: o.Kind, Id: o.ID, Name: o.Name})
	}
	return out
}

// audit serves the log as lines of JSON.
func (d downloads) audit(w http.ResponseWriter, r *http.Request) (begun bool, err error) {
	q, err := filterOf(r.Form)
	if err != nil {
		return false, err
	}
	if err := auditFilter("", q); err != nil {
		return false, err
	}
	var line bytes.Buffer
	begin := func() {
		if !begun {
			asFile(w, "holdfast-audit-"+d.Now().UTC().Format("20060102-150405")+".jsonl", "application/x-ndjson")
			begun = true
		}
	}
	err = d.Audit.Each(r.Context(), takeFilter(q), func(e *record.AuditEntry) error {
		begin()
		text, err := protojson.Marshal(showAudit(e))
		if err != nil {
			return err
		}
		line.Reset()
		// What protojson writes has spaces here and there, on purpose.
		if err := json.Compact(&line, text); err != nil {
			return err
		}
		line.WriteByte('\n')
		_, err = w.Write(line.Bytes())
		return err
	})
	if err == nil {
		begin()
	}
	return begun, err
}

// filterOf reads a filter from the parameters of a download.
func filterOf(f url.Values) (*directorv1.AuditFilter, error) {
	q := &directorv1.AuditFilter{User: f.Get("user"), Area: f.Get("area"), Object: f.Get("object")}
	for _, b := range []struct {
		field string
		into  **timestamppb.Timestamp
	}{{"since", &q.Since}, {"until", &q.Until}} {
		text := f.Get(b.field)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fault.InvalidField(b.field, "%.100q is no time: write it as 2026-01-31T00:00:00Z", text)
		}
		*b.into = timestamppb.New(t)
	}
	switch f.Get("failed") {
	case "", "false":
	case "true":
		q.Failed = true
	default:
		return nil, fault.InvalidField("failed", "%.100q is neither true nor false", f.Get("failed"))
	}
	return q, nil
}

// methodOf returns a procedure as people read it: "JobService/DeleteJob", or the path of a download.
func methodOf(procedure string) string {
	method, _ := strings.CutPrefix(procedure, "/holdfast.director.v1.")
	return method
}
