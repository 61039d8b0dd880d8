package api

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// The paths of downloads, which are keys of the table of who may call what, as procedures are.
const (
	pathMessage    = "/download/message"
	pathAttachment = "/download/attachment"
	pathExport     = "/download/export"
	pathPreview    = "/preview"
	pathSupport    = "/download/support-bundle"
)

// maxForm bounds a form that chooses messages, in bytes.
const maxForm = 4 << 20

// downloads serves files beside the API (message.proto). A file that breaks off ends its connection, so that nobody takes
// a part for the whole.
type downloads struct{ *gate }

func (d downloads) register(mux fronted) {
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request) (begun bool, err error){
		pathMessage: d.message, pathAttachment: d.attachment, pathExport: d.export, pathPreview: d.preview, pathAudit: d.audit,
		pathSupport: d.support,
	} {
		mux.HandleFunc("GET "+path, d.guard(path, serve))
		mux.HandleFunc("POST "+path, d.guard(path, serve))
	}
}

// guard lets in who may, and turns what went wrong into an answer.
func (d downloads) guard(path string, serve func(http.ResponseWriter, *http.Request) (bool, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		n := d.begin(path)
		n.lasting = true
		ctx, err := d.admit(r.Context(), path, r.Header)
		n.ctx = ctx
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if d.Closing != nil {
			defer context.AfterFunc(d.Closing, cancel)()
		}
		begun := false
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if perr := r.ParseForm(); perr != nil {
				err = fault.New(fault.Invalid, "the request cannot be read, or has more than %d MB", maxForm>>20)
			} else {
				n.form(r.Form)
				held, release := d.hold(ctx, path)
				begun, err = serve(w, r.WithContext(held))
				if lapse := release(); lapse != nil && err != nil {
					err = lapse
				}
			}
		}
		n.end(err)
		err = d.done(path, at, err)
		switch {
		case err == nil:
		case begun:
			panic(http.ErrAbortHandler)
		default:
			refuse(w, err)
		}
	}
}

// refuse answers as Connect does: a status, and JSON with a code and a sentence.
func refuse(w http.ResponseWriter, err error) {
	code := connect.CodeOf(err)
	status := map[connect.Code]int{
		connect.CodeUnauthenticated: http.StatusUnauthorized, connect.CodePermissionDenied: http.StatusForbidden,
		connect.CodeNotFound: http.StatusNotFound, connect.CodeInvalidArgument: http.StatusBadRequest,
		connect.CodeUnavailable: http.StatusServiceUnavailable, connect.CodeFailedPrecondition: http.StatusConflict,
		connect.CodeAlreadyExists: http.StatusConflict, connect.CodeAborted: http.StatusConflict,
	}[code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Del("Content-Disposition")
	var c *connect.Error
	if errors.As(err, &c) && c.Meta().Get(sessionHeader) != "" {
		h.Set(sessionHeader, c.Meta().Get(sessionHeader))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	_, sentence, _ := strings.Cut(err.Error(), ": ")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code.String(), "message": sentence})
}

// place reads which message is meant.
func place(f url.Values) (*transporterv1.MessagePlace, error) {
	at := &transporterv1.MessagePlace{
		RepositoryId: f.Get("repository"), PointId: f.Get("point"), FolderId: f.Get("folder"), MessageId: f.Get("message"),
	}
	for _, s := range f["within"] {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, fault.InvalidField("within", "%q is no number of an attachment", s)
		}
		at.Within = append(at.Within, int32(n))
	}
	return at, first(id("repository", at.GetRepositoryId()), id("point", at.GetPointId()), id("folder", at.GetFolderId()),
		id("message", at.GetMessageId()))
}

func (d downloads) message(w http.ResponseWriter, r *http.Request) (bool, error) {
	at, err := place(r.Form)
	if err != nil {
		return false, err
	}
	what := &transporterv1.ExportRequest{What: &transporterv1.ExportRequest_Message{Message: at}}
	return d.stream(w, r, record.RepositoryID(at.GetRepositoryId()), what)
}

func (d downloads) export(w http.ResponseWriter, r *http.Request) (bool, error) {
	f := r.Form
	q := &transporterv1.ArchiveRequest{RepositoryId: f.Get("repository"), PointId: f.Get("point"), Format: f.Get("format"), FolderIds: f["folder"]}
	if err := first(id("repository", q.GetRepositoryId()), id("point", q.GetPointId()), ids("folder", f["folder"])); err != nil {
		return false, err
	}
	for _, s := range f["message"] {
		folder, message, ok := strings.Cut(s, "/")
		if !ok {
			return false, fault.InvalidField("message", "%.100q does not name a folder and a message, parted by a slash", s)
		}
		q.Messages = append(q.Messages, &transporterv1.ExportRef{FolderId: folder, MessageId: message})
	}
	return d.stream(w, r, record.RepositoryID(q.GetRepositoryId()), &transporterv1.ExportRequest{What: &transporterv1.ExportRequest_Archive{Archive: q}})
}

func (d downloads) stream(w http.ResponseWriter, r *http.Request, id record.RepositoryID, what *transporterv1.ExportRequest) (begun bool, err error) {
	err = d.Depot.Export(r.Context(), id, what, func(part *transporterv1.ExportResponse) error {
		if !begun {
			asFile(w, part.GetName(), part.GetContentType())
			begun = true
		}
		_, err := w.Write(part.GetData())
		return err
	})
	return begun, err
}

func (d downloads) attachment(w http.ResponseWriter, r *http.Request) (begun bool, err error) {
	at, err := place(r.Form)
	if err != nil {
		return false, err
	}
	n, err := strconv.ParseInt(r.Form.Get("attachment"), 10, 32)
	if err != nil || n < 1 {
		return false, fault.InvalidField("attachment", "the number of the attachment is missing; they are counted from 1")
	}
	q := &transporterv1.ReadContentRequest{
		RepositoryId: at.GetRepositoryId(), PointId: at.GetPointId(), FolderId: at.GetFolderId(), MessageId: at.GetMessageId(),
		Attachment: int32(n), Within: at.GetWithin(),
	}
	err = d.Depot.Content(r.Context(), q, func(part *transporterv1.ReadContentResponse) error {
		if !begun {
			asFile(w, part.GetName(), part.GetContentType())
			if part.GetSize() > 0 {
				w.Header().Set("Content-Length", strconv.FormatInt(part.GetSize(), 10))
			}
			begun = true
		}
		_, err := w.Write(part.GetData())
		return err
	})
	return begun, err
}

// asFile makes a browser keep what follows, and not show it: mail is hostile.
func asFile(w http.ResponseWriter, name, kind string) {
	if _, _, err := mime.ParseMediaType(kind); err != nil {
		kind = "application/octet-stream"
	}
	if name == "" {
		name = "attachment"
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
}

func (d downloads) preview(w http.ResponseWriter, r *http.Request) (bool, error) {
	at, err := place(r.Form)
	if err != nil {
		return false, err
	}
	answer, err := d.Depot.Message(r.Context(), &transporterv1.GetMessageRequest{Place: at, Text: true, Remote: r.Form.Get("remote") == "1"})
	if err != nil {
		return false, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", answer.GetPage().GetPolicy()+"; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "no-store")
	_, err = w.Write([]byte(answer.GetPage().GetDocument()))
	return true, err
}
