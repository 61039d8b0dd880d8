package oracle_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph"
)

// client returns a client whose sign-in works and whose requests to Graph go to handle.
func client(t *testing.T, handle http.HandlerFunc) *graph.Client {
	t.Helper()
	const tenant = "11111111-2222-3333-4444-555555555555"
	var s *httptest.Server
	s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch base := s.URL + "/" + tenant; {
		case strings.HasPrefix(r.URL.Path, "/v1.0/"):
			handle(w, r)
		case strings.Contains(r.URL.Path, "openid"):
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": base + "/v2.0", "authorization_endpoint": base + "/a", "token_endpoint": base + "/token"})
		default:
			_, _ = io.WriteString(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"opaque"}`)
		}
	}))
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c, err := graph.New(graph.Options{
		Tenant: tenant, ClientID: "c", Secret: graph.NewSecret("s"), Cloud: graph.CloudCustom, Authority: s.URL, Root: s.URL, CAs: pool,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write returns the JSON of an SDK model.
func write(t *testing.T, v serialization.Parsable) string {
	t.Helper()
	w := kiotajson.NewJsonSerializationWriter()
	if err := w.WriteObjectValue("", v); err != nil {
		t.Fatal(err)
	}
	b, err := w.GetSerializedContent()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// read parses JSON into an SDK model.
func read[T serialization.Parsable](t *testing.T, body []byte, factory serialization.ParsableFactory) T {
	t.Helper()
	node, err := kiotajson.NewJsonParseNode(body)
	if err != nil {
		t.Fatal(err)
	}
	v, err := node.GetObjectValue(factory)
	if err != nil {
		t.Fatal(err)
	}
	return v.(T)
}

// unknown fails for members that Microsoft's models do not know.
func unknown(t *testing.T, what string, v interface{ GetAdditionalData() map[string]any }) {
	t.Helper()
	for name := range v.GetAdditionalData() {
		if !strings.HasPrefix(name, "@odata.") {
			t.Errorf("%s: Microsoft knows no member %q", what, name)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// full is a message with everything set that can be.
func full() mail.Message {
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 5, 0, time.UTC) }
	return mail.Message{
		ID: "AAMk-id_=", ChangeKey: "CQAA", Folder: "AAMkfolder=", Type: "eventMessageRequest",
		Subject: "Größe <&> \"quoted\" 😀", BodyPreview: "preview", BodyType: mail.BodyHTML,
		From: &mail.Address{Name: "F", Address: "f@x.example"}, Sender: &mail.Address{Name: "S", Address: "s@x.example"},
		To: []mail.Address{{Name: "T", Address: "t@x.example"}, {Address: "t2@x.example"}}, Cc: []mail.Address{{Name: "C", Address: "c@x.example"}},
		Bcc: []mail.Address{{Name: "B", Address: "b@x.example"}}, ReplyTo: []mail.Address{{Name: "R", Address: "r@x.example"}},
		Received: at(4), Sent: at(3), Created: at(5), Modified: at(6),
		InternetMessageID: "<id@x.example>", Headers: []mail.Header{{Name: "In-Reply-To", Value: "<a@b>"}, {Name: "References", Value: "<a@b> <c@d>"}},
		ConversationID: "conv", ConversationIndex: []byte{1, 2, 3},
		Importance: mail.ImportanceHigh, Categories: []string{"Red", "Blau"},
		Flag: mail.Flag{
			Status: mail.FlagFlagged, Start: mail.FlagTime{DateTime: "2026-01-02T00:00:00.0000000", TimeZone: "UTC"},
			Due: mail.FlagTime{DateTime: "2026-01-03T00:00:00.0000000", TimeZone: "W. Europe Standard Time"},
		},
		Read: true, DeliveryReceiptWanted: true, ReadReceiptWanted: true, InferenceOther: true, HasAttachments: true,
	}
}

const body = "<html><p>Hello & goodbye</p></html>"

// recipient is an SDK recipient.
func recipient(a mail.Address) models.Recipientable {
	e := models.NewEmailAddress()
	if a.Name != "" {
		e.SetName(&a.Name)
	}
	e.SetAddress(&a.Address)
	r := models.NewRecipient()
	r.SetEmailAddress(e)
	return r
}

func recipientsOf(all []mail.Address) []models.Recipientable {
	var out []models.Recipientable
	for _, a := range all {
		out = append(out, recipient(a))
	}
	return out
}

func zoned(f mail.FlagTime) models.DateTimeTimeZoneable {
	if f.DateTime == "" {
		return nil
	}
	d := models.NewDateTimeTimeZone()
	d.SetDateTime(&f.DateTime)
	d.SetTimeZone(&f.TimeZone)
	return d
}

// sdkMessage is the message as Microsoft's SDK has it. Its writer leaves read-only properties out, which Graph sends.
func sdkMessage(m mail.Message, text string) models.Messageable {
	w := models.NewEventMessageRequest()
	w.SetId(ptr(string(m.ID)))
	w.SetChangeKey(&m.ChangeKey)
	w.SetParentFolderId(ptr(string(m.Folder)))
	w.SetSubject(&m.Subject)
	w.SetBodyPreview(&m.BodyPreview)
	b := models.NewItemBody()
	b.SetContent(&text)
	b.SetContentType(ptr(models.HTML_BODYTYPE))
	w.SetBody(b)
	w.SetFrom(recipient(*m.From))
	w.SetSender(recipient(*m.Sender))
	w.SetToRecipients(recipientsOf(m.To))
	w.SetCcRecipients(recipientsOf(m.Cc))
	w.SetBccRecipients(recipientsOf(m.Bcc))
	w.SetReplyTo(recipientsOf(m.ReplyTo))
	w.SetReceivedDateTime(&m.Received)
	w.SetSentDateTime(&m.Sent)
	w.SetCreatedDateTime(&m.Created)
	w.SetLastModifiedDateTime(&m.Modified)
	w.SetInternetMessageId(&m.InternetMessageID)
	var headers []models.InternetMessageHeaderable
	for _, h := range m.Headers {
		one := models.NewInternetMessageHeader()
		one.SetName(&h.Name)
		one.SetValue(&h.Value)
		headers = append(headers, one)
	}
	w.SetInternetMessageHeaders(headers)
	w.SetConversationId(&m.ConversationID)
	w.SetConversationIndex(m.ConversationIndex)
	w.SetImportance(ptr(models.HIGH_IMPORTANCE))
	w.SetCategories(m.Categories)
	f := models.NewFollowupFlag()
	f.SetFlagStatus(ptr(models.FLAGGED_FOLLOWUPFLAGSTATUS))
	f.SetStartDateTime(zoned(m.Flag.Start))
	f.SetDueDateTime(zoned(m.Flag.Due))
	w.SetFlag(f)
	w.SetIsRead(&m.Read)
	w.SetIsDraft(&m.Draft)
	w.SetIsDeliveryReceiptRequested(&m.DeliveryReceiptWanted)
	w.SetIsReadReceiptRequested(&m.ReadReceiptWanted)
	w.SetInferenceClassification(ptr(models.OTHER_INFERENCECLASSIFICATIONTYPE))
	w.SetHasAttachments(&m.HasAttachments)
	return w
}

func TestWhatMicrosoftsModelsWriteIsReadWhole(t *testing.T) {
	page := models.NewMessageCollectionResponse()
	page.SetValue([]models.Messageable{sdkMessage(full(), body)})
	text := write(t, page)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.TrimSuffix(text, "}")+`,"@odata.deltaLink":"https://`+r.Host+`/v1.0/x"}`)
	})
	got, err := c.Delta(t.Context(), "m", "f", "")
	if err != nil || len(got.Changes) != 1 || !got.Done {
		t.Fatalf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff(mail.Change{Message: full(), Body: body}, got.Changes[0]); diff != "" {
		t.Error(diff)
	}
}

func TestAttachmentsThatMicrosoftsModelsWriteAreRead(t *testing.T) {
	file := models.NewFileAttachment()
	file.SetId(ptr("a1"))
	file.SetName(ptr("logo.png"))
	file.SetContentType(ptr("image/png"))
	file.SetSize(ptr(int32(999)))
	file.SetIsInline(ptr(true))
	file.SetContentId(ptr("logo@x"))
	file.SetContentBytes([]byte("png"))
	inner := models.NewFileAttachment()
	inner.SetName(ptr("inner.txt"))
	inner.SetContentBytes([]byte("inner"))
	message := sdkMessage(full(), body)
	message.SetAttachments([]models.Attachmentable{inner})
	item := models.NewItemAttachment()
	item.SetId(ptr("a2"))
	item.SetName(ptr("mail"))
	item.SetItem(message)
	reference := models.NewReferenceAttachment()
	reference.SetId(ptr("a3"))
	reference.SetName(ptr("link"))
	page := models.NewAttachmentCollectionResponse()
	page.SetValue([]models.Attachmentable{file, item, reference})
	text := write(t, page)
	c := client(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })

	type seen struct {
		mail.Attachment
		Content string
		Item    *graph.Item
	}
	var got []seen
	err := c.Attachments(t.Context(), "m", "x", func(a graph.Attachment) error {
		one := seen{Attachment: a.Attachment, Item: a.Item}
		if a.Content != nil {
			b, err := io.ReadAll(a.Content)
			if err != nil {
				return err
			}
			one.Content = string(b)
		}
		if a.Item != nil {
			b, err := io.ReadAll(a.Item.Attachments[0].Content)
			if err != nil || string(b) != "inner" {
				t.Errorf("got %q, %v", b, err)
			}
			a.Item.Attachments[0].Content = nil
		}
		got = append(got, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []seen{
		{Attachment: mail.Attachment{ID: "a1", Name: "logo.png", ContentType: "image/png", Size: 999, Inline: true, ContentID: "logo@x"}, Content: "png"},
		{
			Attachment: mail.Attachment{ID: "a2", Kind: mail.AttachmentItem, Name: "mail"},
			Item:       &graph.Item{Message: full(), Body: body, Attachments: []graph.Attachment{{Attachment: mail.Attachment{Name: "inner.txt"}}}},
		},
		{Attachment: mail.Attachment{ID: "a3", Kind: mail.AttachmentReference, Name: "link"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		t.Error(diff)
	}
}

func TestMicrosoftsModelsReadTheMessagesThatAreCreated(t *testing.T) {
	var sent []byte
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"new"}`)
	})
	content := func(s string) func(context.Context) (io.ReadCloser, error) {
		return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
	}
	m := full()
	n := graph.NewMessage{
		Message: m, Body: body, RecoveryID: "id",
		Attachments: []graph.NewAttachment{
			{Attachment: mail.Attachment{Name: "logo.png", ContentType: "image/png", Inline: true, ContentID: "logo@x"}, Length: 3, Open: content("png")},
			{
				Attachment: mail.Attachment{Kind: mail.AttachmentItem, Name: "mail"},
				Item:       &graph.NewMessage{Message: m, Body: body, Attachments: []graph.NewAttachment{{Attachment: mail.Attachment{Name: "in"}, Length: 2, Open: content("in")}}},
			},
		},
	}
	if _, err := c.CreateMessage(t.Context(), "m", "f", n); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sent), `\u003c`) {
		t.Error("the body is escaped more than it must be")
	}
	got := read[models.Messageable](t, sent, models.CreateMessageFromDiscriminatorValue)
	checkMessage(t, got, m)
	if len(got.GetAttachments()) != 2 {
		t.Fatalf("got %d attachments", len(got.GetAttachments()))
	}
	file, ok := got.GetAttachments()[0].(models.FileAttachmentable)
	if !ok || string(file.GetContentBytes()) != "png" || *file.GetContentId() != "logo@x" || !*file.GetIsInline() || *file.GetContentType() != "image/png" {
		t.Errorf("got %+v", file)
	}
	unknown(t, "attachment", file)
	item, ok := got.GetAttachments()[1].(models.ItemAttachmentable)
	if !ok {
		t.Fatalf("got %T", got.GetAttachments()[1])
	}
	unknown(t, "item attachment", item)
	inner, ok := item.GetItem().(models.Messageable)
	if !ok || len(inner.GetAttachments()) != 1 {
		t.Fatalf("got %T", item.GetItem())
	}
	checkMessage(t, inner, m)
}

func checkMessage(t *testing.T, got models.Messageable, m mail.Message) {
	t.Helper()
	unknown(t, "message", got)
	unknown(t, "body", got.GetBody())
	unknown(t, "flag", got.GetFlag())
	if *got.GetSubject() != m.Subject || *got.GetBody().GetContent() != body || *got.GetBody().GetContentType() != models.HTML_BODYTYPE ||
		*got.GetFrom().GetEmailAddress().GetAddress() != m.From.Address || *got.GetSender().GetEmailAddress().GetName() != m.Sender.Name ||
		len(got.GetToRecipients()) != 2 || len(got.GetCcRecipients()) != 1 || len(got.GetBccRecipients()) != 1 || len(got.GetReplyTo()) != 1 ||
		*got.GetInternetMessageId() != m.InternetMessageID || *got.GetImportance() != models.HIGH_IMPORTANCE || !reflect.DeepEqual(got.GetCategories(), m.Categories) ||
		*got.GetFlag().GetFlagStatus() != models.FLAGGED_FOLLOWUPFLAGSTATUS || *got.GetFlag().GetDueDateTime().GetTimeZone() != m.Flag.Due.TimeZone ||
		!*got.GetIsRead() || !*got.GetIsDeliveryReceiptRequested() || !*got.GetIsReadReceiptRequested() ||
		*got.GetInferenceClassification() != models.OTHER_INFERENCECLASSIFICATIONTYPE {
		t.Errorf("the message changed: %s", write(t, got))
	}
	properties := map[string]string{}
	for _, p := range got.GetSingleValueExtendedProperties() {
		unknown(t, "property", p)
		properties[*p.GetId()] = *p.GetValue()
	}
	for id, want := range map[string]string{
		"Integer 0x0E07": "1", "SystemTime 0x0E06": "2026-01-02T03:04:05Z", "SystemTime 0x0039": "2026-01-02T03:03:05Z",
		"String 0x007D": "In-Reply-To: <a@b>\r\nReferences: <a@b> <c@d>\r\n", "String 0x1042": "<a@b>", "String 0x1039": "<a@b> <c@d>",
	} {
		if properties[id] != want {
			t.Errorf("property %s is %q, want %q", id, properties[id], want)
		}
	}
}

func TestMicrosoftsModelsReadTheChangesAndSessionsThatAreSent(t *testing.T) {
	var patch, session []byte
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch {
		case r.Method == http.MethodPatch && patch == nil:
			patch = b
		case strings.HasSuffix(r.URL.Path, "createUploadSession"):
			session = b
			w.WriteHeader(http.StatusBadRequest)
			return
		case strings.HasSuffix(r.URL.Path, "/messages"):
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"new"}`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	})
	read0, flag := false, mail.Flag{}
	if err := c.UpdateMessage(t.Context(), "m", "x", graph.Update{Read: &read0, Flag: &flag}); err != nil {
		t.Fatal(err)
	}
	got := read[models.Messageable](t, patch, models.CreateMessageFromDiscriminatorValue)
	unknown(t, "update", got)
	if *got.GetIsRead() || *got.GetFlag().GetFlagStatus() != models.NOTFLAGGED_FOLLOWUPFLAGSTATUS || got.GetImportance() != nil {
		t.Errorf("got %s", patch)
	}
	big := bytes.Repeat([]byte("x"), 5<<20)
	if _, err := c.CreateMessage(t.Context(), "m", "f", graph.NewMessage{Attachments: []graph.NewAttachment{{
		Attachment: mail.Attachment{Name: "n", ContentType: "text/plain", Inline: true, ContentID: "cid"}, Length: int64(len(big)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(big)), nil },
	}}}); err != nil {
		t.Fatal(err)
	}
	var wrapped struct{ AttachmentItem json.RawMessage }
	if err := json.Unmarshal(session, &wrapped); err != nil {
		t.Fatal(err)
	}
	item := read[models.AttachmentItemable](t, wrapped.AttachmentItem, models.CreateAttachmentItemFromDiscriminatorValue)
	unknown(t, "attachment item", item)
	if *item.GetName() != "n" || *item.GetSize() != int64(len(big)) || *item.GetAttachmentType() != models.FILE_ATTACHMENTTYPE || !*item.GetIsInline() || *item.GetContentId() != "cid" {
		t.Errorf("got %s", session)
	}
}
