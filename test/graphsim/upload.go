package graphsim

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/tenant"
	"holdfast/test/graphsim/internal/traffic"
)

// The upload host: another address than Graph's, where the URL itself is the credential (contract 5.4).

// sessionURL is where a session's bytes go. Clients that came by the real host name get a real host name.
func (s *Server) sessionURL(host string, ses *tenant.Session) string {
	root := s.UploadURL()
	if c := graphCloud(host); c != nil {
		root = "https://" + c.upload[0]
	}
	return fmt.Sprintf("%s/api/v2.0/Users('%s')/Messages('%s')/AttachmentSessions('%s')?authtoken=%s", root, ses.Mailbox,
		url.PathEscape(tenant.MessageID(ses.Mailbox, ses.UID, 0, true)), ses.ID, s.uploadToken(ses.ID))
}

func (s *Server) uploadToken(id string) string {
	return hex.EncodeToString(s.sign("upload " + id)[:20])
}

var sessionPath = regexp.MustCompile(`AttachmentSessions\('([0-9a-f-]+)'\)$`)

var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)

func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	kind := "upload." + strings.ToLower(r.Method)
	p := newReply(w, r)
	s.setDate(p)
	ses := s.sessionOf(r)
	mailbox := ""
	if ses != nil {
		mailbox = ses.Mailbox
	}
	s.counters.Begin(kind, mailbox)
	defer func() { s.counters.End(p.sent(), max(r.ContentLength, 0), p.n) }()
	err := s.upload(p, r, kind, ses)
	c := &call{s: s, w: p, r: r, id: newGUID(), set: s.settings.Load()}
	if err != nil {
		var ae *apiError
		if !errors.As(err, &ae) {
			ae = fail(500, "ErrorInternalServerError", "%s", err.Error())
		}
		c.writeError(ae)
	}
	p.close()
	if p.discard {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) sessionOf(r *http.Request) *tenant.Session {
	m := sessionPath.FindStringSubmatch(r.URL.Path)
	if m == nil || r.URL.Query().Get("authtoken") != s.uploadToken(m[1]) {
		return nil
	}
	var ses *tenant.Session
	s.tenant.View(func(st *tenant.State) { ses = st.Session(m[1]) })
	return ses
}

func (s *Server) upload(w *reply, r *http.Request, kind string, ses *tenant.Session) error {
	switch {
	case r.Header.Get("Authorization") != "" && !s.settings.Load().IgnoreUploadAuth:
		return unauthorized("The upload URL is pre-authenticated: an Authorization header is not accepted.")
	case ses == nil, s.tenant.Now().After(ses.Expires):
		return fail(404, "ErrorItemNotFound", "The upload session was not found.")
	}
	leave, aerr := s.enter(ses.App, ses.Mailbox, max(r.ContentLength, 0))
	if aerr != nil {
		return aerr
	}
	defer leave()
	c := &call{s: s, w: w, r: r}
	if err := wait(r, s.dice.latency(s.settings.Load(), kind, ses.Mailbox)); err != nil {
		return err
	}
	if f := s.faults.Hit(traffic.Request{Kind: kind, Method: r.Method, Mailbox: ses.Mailbox, App: ses.App, Now: s.tenant.Now(), Size: ses.Size}); f != nil {
		if s.injectEarly(w, r, f) {
			return nil
		}
		if f.Status != 0 {
			return c.injectStatus(f)
		}
	}
	switch r.Method {
	case http.MethodPut:
		return s.putChunk(w, r, ses)
	case http.MethodDelete:
		if err := s.tenant.Update(func(tx *tenant.Tx) error { tx.RemoveSession(ses.ID); return nil }); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return notSupported()
}

func invalidRange(format string, args ...any) *apiError {
	return fail(http.StatusRequestedRangeNotSatisfiable, "invalidRange", format, args...)
}

// putChunk takes the next bytes, in order.
func (s *Server) putChunk(w *reply, r *http.Request, ses *tenant.Session) error {
	m := contentRange.FindStringSubmatch(r.Header.Get("Content-Range"))
	if m == nil {
		return fail(400, "invalidRange", "The Content-Range header is missing or malformed.")
	}
	start, _ := strconv.ParseInt(m[1], 10, 64)
	end, _ := strconv.ParseInt(m[2], 10, 64)
	total, _ := strconv.ParseInt(m[3], 10, 64)
	switch {
	case total != ses.Size:
		return fail(400, "invalidRange", "The total of the range is not the size of the session.")
	case start != ses.Got() || end < start || end >= total:
		return invalidRange("The range %d-%d is not the next one; %d is expected.", start, end, ses.Got())
	case end-start+1 > maxRequest:
		return fail(413, "RequestEntityTooLarge", "The maximum request length supported is 4MB.")
	case r.ContentLength >= 0 && r.ContentLength != end-start+1:
		return fail(400, "invalidRange", "The content length is not that of the range.")
	}
	chunk, err := readAll(r.Body, end-start+1)
	if err != nil || int64(len(chunk)) != end-start+1 {
		return fail(400, "RequestBodyRead", "The request body is not as long as its range.")
	}
	blob, err := s.tenant.Blobs.Put(chunk)
	if err != nil {
		return err
	}
	next := *ses
	next.Chunks = append(ses.Chunks[:len(ses.Chunks):len(ses.Chunks)], blob)
	if next.Got() < ses.Size {
		err := s.tenant.Update(func(tx *tenant.Tx) error {
			if _, aerr := checkSession(tx, &next, ses); aerr != nil {
				return aerr
			}
			tx.PutSession(next)
			return nil
		})
		if err != nil {
			return err
		}
		// PascalCase and a bare start, unlike the session's creation (contract 5.4).
		writeJSON(w, 200, map[string]any{
			"@odata.context":     "https://" + r.Host + "/api/v2.0/$metadata#Users('" + ses.Mailbox + "')/Messages/AttachmentSessions/$entity",
			"ExpirationDateTime": ses.Expires.Format(timeLayout),
			"NextExpectedRanges": []string{strconv.FormatInt(next.Got(), 10)},
		})
		return nil
	}
	return s.finishUpload(w, r, &next, ses)
}

// checkSession refuses a session that another one, or another write to the message, has overtaken (contract 5.4).
func checkSession(tx *tenant.Tx, next, seen *tenant.Session) (*tenant.Message, *apiError) {
	now := tx.Session(next.ID)
	if now == nil {
		return nil, fail(404, "ErrorItemNotFound", "The upload session was not found.")
	}
	m := tx.Mailbox(next.Mailbox).Message(next.UID)
	if m == nil {
		return nil, itemNotFound()
	}
	if now.Seq != m.Seq {
		return nil, conflict()
	}
	if len(now.Chunks) != len(seen.Chunks) {
		return nil, invalidRange("The range was uploaded meanwhile.")
	}
	return m, nil
}

func (s *Server) finishUpload(w *reply, r *http.Request, next, seen *tenant.Session) error {
	var parts []io.Reader
	for _, ch := range next.Chunks {
		r, err := s.tenant.Blobs.Open(ch)
		if err != nil {
			return err
		}
		parts = append(parts, r)
	}
	blob, err := s.tenant.Blobs.PutReader(io.MultiReader(parts...))
	if err != nil {
		return err
	}
	var made *tenant.Message
	var att tenant.Attachment
	err = s.tenant.Update(func(tx *tenant.Tx) error {
		m, aerr := checkSession(tx, next, seen)
		if aerr != nil {
			return aerr
		}
		a := next.Meta
		a.Content, a.Modified = blob, tenant.Second(tx.Now)
		msg := *m
		var changed tenant.Props
		att, changed = attachTo(&msg, a)
		made = tx.PutMessage(next.Mailbox, msg, changed)
		tx.RemoveSession(next.ID)
		return nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("https://%s/api/v2.0/Users('%s')/Messages('%s')/Attachments('%s')", r.Host, next.Mailbox,
		tenant.MessageID(next.Mailbox, made.UID, made.Moves, true), tenant.AttachmentID(next.Mailbox, made, att.Num, true)))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusCreated)
	return nil
}
