package work_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// uncompared are fields that Graph does not show with a page of messages, or not as they are.
var uncompared = []string{
	"extended", "attachments.item.extended", "flag.start", "flag.due", "flag.completed", "attachments.reference", "attachments.contentType",
}

// clientOf returns a Graph client of the tenant that sends through the transport.
func clientOf(t *testing.T, sim *graphsim.Server, through http.RoundTripper, limits graph.Limits) *graph.Client {
	t.Helper()
	c, err := graph.New(graph.Options{
		Account: "acc", Tenant: mail.TenantID(sim.TenantID()), ClientID: graphsim.DefaultApp, Secret: graph.NewSecret(graphsim.DefaultSecret),
		Cloud: graph.CloudCustom, Authority: strings.TrimSuffix(sim.Authority(), "/"), Root: strings.TrimSuffix(sim.GraphURL(), "/"),
		HTTPTransport: through, Spool: t.TempDir(), Limits: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pointTruth says of a recovery point what the tenant says of the mailbox: the same lines, with hashes of the bytes as they
// are read back. Messages that wanted refuses are left out; nil wants all.
func pointTruth(ctx context.Context, r *repository.Repository, id record.PointID, wanted func(*record.Message) bool) ([]graphsim.TruthLine, error) {
	p, err := r.Point(ctx, id)
	if err != nil {
		return nil, err
	}
	folders := p.Folders()
	byID := map[mail.FolderID]repository.Folder{}
	for _, f := range folders {
		byID[f.ID] = f
	}
	reader := truthReader{ctx, r}
	var lines []graphsim.TruthLine
	for _, f := range folders {
		path := []string{f.Name}
		for up, ok := byID[f.Parent]; ok; up, ok = byID[up.Parent] {
			path = append(path, up.Name)
		}
		slices.Reverse(path)
		at := strings.Join(path, graphsim.PathSeparator)
		lines = append(lines, graphsim.TruthLine{Folder: &graphsim.TruthFolder{
			Path: at, Role: string(f.Role), Hidden: f.Hidden, Total: int(f.Counts.Messages),
		}})
		for m, err := range p.All(ctx, f.ID) {
			if err != nil {
				return nil, err
			}
			if wanted != nil && !wanted(m) {
				continue
			}
			if len(m.Lost) > 0 {
				return nil, fmt.Errorf("message %s is marked: %q", m.ID, m.Lost)
			}
			t, err := reader.message(m)
			if err != nil {
				return nil, err
			}
			t.Path, t.ID = at, string(m.ID)
			lines = append(lines, graphsim.TruthLine{Message: t})
		}
	}
	return lines, nil
}

type truthReader struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call of pointTruth
	r   *repository.Repository
}

func (t truthReader) hash(c record.Content) (string, error) {
	h := sha256.New()
	body := t.r.Content(t.ctx, c)
	defer body.Close()
	n, err := io.Copy(h, body)
	if err == nil && n != c.Size {
		err = fmt.Errorf("a content of %d bytes yields %d", c.Size, n)
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

func (t truthReader) message(m *record.Message) (*graphsim.TruthMessage, error) {
	body, err := t.hash(m.Body)
	if err != nil {
		return nil, err
	}
	out := &graphsim.TruthMessage{
		InternetMessageID: m.InternetMessageID, Received: m.Received, Sent: m.Sent, Type: m.Type, Subject: m.Subject,
		BodyType: map[mail.BodyType]string{mail.BodyHTML: "html", mail.BodyText: "text"}[m.BodyType], BodySize: m.Body.Size, BodySHA256: body,
		From: person(m.From), Sender: person(m.Sender), To: people(m.To), Cc: people(m.Cc), Bcc: people(m.Bcc), ReplyTo: people(m.ReplyTo),
		Read: m.Read, Draft: m.Draft, Categories: m.Categories,
		Importance:     map[mail.Importance]string{mail.ImportanceLow: "low", mail.ImportanceNormal: "normal", mail.ImportanceHigh: "high"}[m.Importance],
		Classification: map[bool]string{true: "other", false: "focused"}[m.InferenceOther],
		ReadReceipt:    m.ReadReceiptWanted, DeliveryReceipt: m.DeliveryReceiptWanted, HasAttachments: m.HasAttachments,
	}
	out.Flag.Status = map[mail.FlagStatus]string{mail.FlagNone: "notFlagged", mail.FlagFlagged: "flagged", mail.FlagComplete: "complete"}[m.Flag.Status]
	if len(m.Headers) > 0 {
		h := sha256.New()
		for _, one := range m.Headers {
			fmt.Fprintf(h, "%s: %s\n", one.Name, one.Value)
		}
		out.HeadersSHA256 = hex.EncodeToString(h.Sum(nil))
	}
	for i := range m.Attachments {
		a, err := t.attachment(&m.Attachments[i])
		if err != nil {
			return nil, err
		}
		out.Attachments = append(out.Attachments, *a)
	}
	return out, nil
}

func (t truthReader) attachment(a *record.Attachment) (*graphsim.TruthAttachment, error) {
	out := &graphsim.TruthAttachment{
		Kind: map[mail.AttachmentKind]string{mail.AttachmentFile: "file", mail.AttachmentItem: "item", mail.AttachmentReference: "reference"}[a.Kind],
		Name: a.Name, ContentType: a.ContentType, Inline: a.Inline, ContentID: a.ContentID,
	}
	var err error
	switch {
	case a.Item != nil:
		out.Item, err = t.message(a.Item)
	case a.Kind == mail.AttachmentFile:
		out.Size = a.Content.Size
		out.SHA256, err = t.hash(a.Content)
	}
	return out, err
}

func person(a *mail.Address) *graphsim.Person {
	if a == nil {
		return nil
	}
	return &graphsim.Person{Name: a.Name, Address: a.Address}
}

func people(list []mail.Address) []graphsim.Person {
	var out []graphsim.Person
	for i := range list {
		out = append(out, *person(&list[i]))
	}
	return out
}
