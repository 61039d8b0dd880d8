package work_test

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// keptFields say as which property of Graph each field of what is kept is compared; "" where another field stands for it.
var keptFields = map[string]map[string]string{
	"message": {
		"ID": "id", "ChangeKey": "changeKey", "Folder": "parentFolderId", "Type": "@odata.type", "Subject": "subject",
		"BodyPreview": "bodyPreview", "BodyType": "body", "From": "from", "Sender": "sender", "To": "toRecipients", "Cc": "ccRecipients",
		"Bcc": "bccRecipients", "ReplyTo": "replyTo", "Received": "receivedDateTime", "Sent": "sentDateTime",
		"Created": "createdDateTime", "Modified": "lastModifiedDateTime", "InternetMessageID": "internetMessageId",
		"Headers": "internetMessageHeaders", "ConversationID": "conversationId", "ConversationIndex": "conversationIndex",
		"Importance": "importance", "Categories": "categories", "Flag": "flag", "Read": "isRead", "Draft": "isDraft",
		"DeliveryReceiptWanted": "isDeliveryReceiptRequested", "ReadReceiptWanted": "isReadReceiptRequested",
		"InferenceOther": "inferenceClassification", "HasAttachments": "hasAttachments",
	},
	"attachment": {
		"ID": "id", "Kind": "@odata.type", "Name": "name", "ContentType": "contentType", "Size": "size", "Inline": "isInline",
		"ContentID": "contentId", "ContentLocation": "contentLocation", "Modified": "lastModifiedDateTime",
	},
}

// TestNothingThatIsKeptIsLeftOutOfThePage fails when something more is kept that the comparison with the page does not know.
func TestNothingThatIsKeptIsLeftOutOfThePage(t *testing.T) {
	k := keptReader{t: t}
	for table, tc := range map[string]struct {
		kind  reflect.Type
		shown map[string]any
	}{
		"message":    {reflect.TypeFor[mail.Message](), k.message(&record.Message{}, "")},
		"attachment": {reflect.TypeFor[mail.Attachment](), k.attachment(&record.Attachment{})},
	} {
		for i := range tc.kind.NumField() {
			name := tc.kind.Field(i).Name
			as, ok := keptFields[table][name]
			if _, shown := tc.shown[as]; !ok || !shown {
				t.Errorf("%s: the field %s is not compared with what the page says", table, name)
			}
		}
	}
}

// keptMessages returns the messages of the point by internet message id, as Graph would show them.
func (s *scene) keptMessages() map[string]map[string]any {
	s.t.Helper()
	r, done, err := s.shelf.Use(repo)
	if err != nil {
		s.t.Fatal(err)
	}
	defer done()
	p, err := r.Point(s.t.Context(), s.point.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	k := keptReader{s.t, r}
	out := map[string]map[string]any{}
	for _, f := range p.Folders() {
		for m, err := range p.All(s.t.Context(), f.ID) {
			if err != nil {
				s.t.Fatal(err)
			}
			out[m.InternetMessageID] = k.shown(k.message(m, f.Name))
		}
	}
	return out
}

// keptReader says of a record what Graph says of a message.
type keptReader struct {
	t *testing.T
	r *repository.Repository
}

// shown is a value as it is read from JSON, without what is null.
func (k keptReader) shown(v map[string]any) map[string]any {
	k.t.Helper()
	p, err := json.Marshal(v)
	if err != nil {
		k.t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(p, &out); err != nil {
		k.t.Fatal(err)
	}
	for name, value := range out {
		if value == nil {
			delete(out, name)
		}
	}
	return out
}

func (k keptReader) content(c record.Content) []byte {
	k.t.Helper()
	if c.Size == 0 {
		return []byte{}
	}
	body := k.r.Content(k.t.Context(), c)
	defer body.Close()
	p, err := io.ReadAll(body)
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

func (k keptReader) message(m *record.Message, folder string) map[string]any {
	attachments := []any{}
	for i := range m.Attachments {
		attachments = append(attachments, k.attachment(&m.Attachments[i]))
	}
	return map[string]any{
		"id": m.ID, "changeKey": m.ChangeKey, "parentFolderId": folder, "@odata.type": "#microsoft.graph." + m.Type, "subject": m.Subject,
		"bodyPreview": m.BodyPreview, "from": shownPerson(m.From), "sender": shownPerson(m.Sender),
		"toRecipients": shownPeople(m.To), "ccRecipients": shownPeople(m.Cc), "bccRecipients": shownPeople(m.Bcc), "replyTo": shownPeople(m.ReplyTo),
		"body": object{
			"contentType": map[mail.BodyType]string{mail.BodyHTML: "html", mail.BodyText: "text"}[m.BodyType], "content": string(k.content(m.Body)),
		},
		"receivedDateTime": m.Received.Format(time.RFC3339), "sentDateTime": m.Sent.Format(time.RFC3339),
		"createdDateTime": m.Created.Format(time.RFC3339), "lastModifiedDateTime": m.Modified.Format(time.RFC3339),
		"internetMessageId": m.InternetMessageID, "internetMessageHeaders": shownHeaders(m.Headers),
		"conversationId": m.ConversationID, "conversationIndex": m.ConversationIndex,
		"importance": map[mail.Importance]string{mail.ImportanceLow: "low", mail.ImportanceNormal: "normal", mail.ImportanceHigh: "high"}[m.Importance],
		"categories": append([]string{}, m.Categories...), "flag": shownFlag(m.Flag), "isRead": m.Read, "isDraft": m.Draft,
		"isDeliveryReceiptRequested": m.DeliveryReceiptWanted, "isReadReceiptRequested": m.ReadReceiptWanted,
		"inferenceClassification": map[bool]string{true: "other", false: "focused"}[m.InferenceOther], "hasAttachments": m.HasAttachments,
		"attachments": attachments,
	}
}

func (k keptReader) attachment(a *record.Attachment) map[string]any {
	kind := map[mail.AttachmentKind]string{mail.AttachmentFile: "file", mail.AttachmentItem: "item", mail.AttachmentReference: "reference"}[a.Kind]
	out := map[string]any{
		"@odata.type": "#microsoft.graph." + kind + "Attachment", "id": a.ID, "name": a.Name, "contentType": orNull(a.ContentType),
		"size": a.Size, "isInline": a.Inline, "contentId": orNull(a.ContentID), "contentLocation": orNull(a.ContentLocation),
		"lastModifiedDateTime": a.Modified.Format(time.RFC3339),
	}
	if a.Kind == mail.AttachmentFile {
		out["contentBytes"] = k.content(a.Content)
	}
	if a.Item != nil {
		out["item"] = k.shown(k.message(a.Item, ""))
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func shownPerson(a *mail.Address) any {
	if a == nil {
		return nil
	}
	return object{"emailAddress": object{"name": a.Name, "address": a.Address}}
}

func shownPeople(list []mail.Address) []any {
	out := []any{}
	for i := range list {
		out = append(out, shownPerson(&list[i]))
	}
	return out
}

// shownHeaders is nothing where there are none, as Graph has it.
func shownHeaders(list []mail.Header) any {
	var out []object
	for _, h := range list {
		out = append(out, object{"name": h.Name, "value": h.Value})
	}
	if out == nil {
		return nil
	}
	return out
}

func shownFlag(f mail.Flag) object {
	out := object{"flagStatus": map[mail.FlagStatus]string{mail.FlagNone: "notFlagged", mail.FlagFlagged: "flagged", mail.FlagComplete: "complete"}[f.Status]}
	for name, v := range map[string]mail.FlagTime{"startDateTime": f.Start, "dueDateTime": f.Due, "completedDateTime": f.Completed} {
		if strings.TrimSpace(v.DateTime) != "" {
			out[name] = object{"dateTime": v.DateTime, "timeZone": v.TimeZone}
		}
	}
	return out
}
