package graph

import (
	"encoding/json"
	"strings"
	"time"

	"holdfast/pkg/mail"
)

// messageSelect names every property that is kept. It also decides which changes a delta reports (contract 4.4).
const (
	messageSelect = "changeKey,parentFolderId,subject,bodyPreview,body,from,sender,toRecipients,ccRecipients,bccRecipients," +
		"replyTo,receivedDateTime,sentDateTime,createdDateTime,lastModifiedDateTime,internetMessageId,conversationId," +
		"conversationIndex,importance,categories,flag,isRead,isDraft,isDeliveryReceiptRequested,isReadReceiptRequested," +
		"inferenceClassification,hasAttachments"
	headersSelect = ",internetMessageHeaders"
)

// given is a member that knows whether it was in the JSON at all, be it as null.
type given[T any] struct {
	is bool
	v  T
}

func (g *given[T]) UnmarshalJSON(b []byte) error {
	g.is = true
	return json.Unmarshal(b, &g.v)
}

// wireMessage is a message as Graph writes it.
type wireMessage struct {
	Type        string    `json:"@odata.type"`
	Removed     *struct{} `json:"@removed"`
	ID          string    `json:"id"`
	ETag        string    `json:"@odata.etag"`
	ChangeKey   string    `json:"changeKey"`
	Subject     string    `json:"subject"`
	BodyPreview string    `json:"bodyPreview"`

	// These are never left out of a whole message, so that one without any of them is part of one.
	Folder         given[string]          `json:"parentFolderId"`
	Body           given[*wireBody]       `json:"body"`
	To             given[[]wireRecipient] `json:"toRecipients"`
	Cc             given[[]wireRecipient] `json:"ccRecipients"`
	Received       given[stamp]           `json:"receivedDateTime"`
	Created        given[stamp]           `json:"createdDateTime"`
	Importance     given[string]          `json:"importance"`
	Categories     given[[]string]        `json:"categories"`
	Flag           given[*wireFlag]       `json:"flag"`
	Read           given[bool]            `json:"isRead"`
	Draft          given[bool]            `json:"isDraft"`
	HasAttachments given[bool]            `json:"hasAttachments"`

	From            *wireRecipient  `json:"from"`
	Sender          *wireRecipient  `json:"sender"`
	Bcc             []wireRecipient `json:"bccRecipients"`
	ReplyTo         []wireRecipient `json:"replyTo"`
	Sent            stamp           `json:"sentDateTime"`
	Modified        stamp           `json:"lastModifiedDateTime"`
	InternetID      string          `json:"internetMessageId"`
	Headers         []mail.Header   `json:"internetMessageHeaders"`
	Conversation    string          `json:"conversationId"`
	Index           []byte          `json:"conversationIndex"`
	DeliveryReceipt bool            `json:"isDeliveryReceiptRequested"`
	ReadReceipt     bool            `json:"isReadReceiptRequested"`
	Inference       string          `json:"inferenceClassification"`
}

type wireBody struct {
	Type    string `json:"contentType"`
	Content string `json:"content"`
}

type wireRecipient struct {
	Address struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	} `json:"emailAddress"`
}

type wireFlag struct {
	Status    string        `json:"flagStatus"`
	Start     mail.FlagTime `json:"startDateTime"`
	Due       mail.FlagTime `json:"dueDateTime"`
	Completed mail.FlagTime `json:"completedDateTime"`
}

// stamp is a time as Graph writes it; null and Graph's "no date" (year 1) are the zero time.
type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(b []byte) error {
	var v string
	if err := json.Unmarshal(b, &v); err != nil || v == "" {
		return err
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return err
	}
	if t.Year() > 1 {
		s.Time = t.UTC()
	}
	return nil
}

// whole reports whether all that is always there is there. In later rounds of a delta a message can consist of the
// changed properties alone (contract 4.5).
func (w *wireMessage) whole() bool {
	return w.Folder.is && w.Body.is && w.To.is && w.Cc.is && w.Received.is && w.Created.is && w.Importance.is &&
		w.Categories.is && w.Flag.is && w.Read.is && w.Draft.is && w.HasAttachments.is
}

// message returns the message and its body's text. Slices that are empty are nil.
func (w *wireMessage) message() (mail.Message, string) {
	m := mail.Message{
		ID: mail.MessageID(w.ID), ChangeKey: w.ChangeKey, Folder: mail.FolderID(w.Folder.v), Type: shortType(w.Type),
		Subject: w.Subject, BodyPreview: w.BodyPreview,
		From: address(w.From), Sender: address(w.Sender),
		To: addresses(w.To.v), Cc: addresses(w.Cc.v), Bcc: addresses(w.Bcc), ReplyTo: addresses(w.ReplyTo),
		Received: w.Received.v.Time, Sent: w.Sent.Time, Created: w.Created.v.Time, Modified: w.Modified.Time,
		InternetMessageID: w.InternetID, ConversationID: w.Conversation,
		Read: w.Read.v, Draft: w.Draft.v, HasAttachments: w.HasAttachments.v,
		DeliveryReceiptWanted: w.DeliveryReceipt, ReadReceiptWanted: w.ReadReceipt,
		InferenceOther: strings.EqualFold(w.Inference, "other"),
	}
	if m.ChangeKey == "" {
		m.ChangeKey = changeKeyOf(w.ETag)
	}
	if len(w.Headers) > 0 {
		m.Headers = w.Headers
	}
	if len(w.Index) > 0 {
		m.ConversationIndex = w.Index
	}
	if len(w.Categories.v) > 0 {
		m.Categories = w.Categories.v
	}
	switch strings.ToLower(w.Importance.v) {
	case "low":
		m.Importance = mail.ImportanceLow
	case "high":
		m.Importance = mail.ImportanceHigh
	}
	if f := w.Flag.v; f != nil {
		m.Flag = mail.Flag{Start: f.Start, Due: f.Due, Completed: f.Completed}
		switch strings.ToLower(f.Status) {
		case "flagged":
			m.Flag.Status = mail.FlagFlagged
		case "complete":
			m.Flag.Status = mail.FlagComplete
		}
	}
	body := ""
	if b := w.Body.v; b != nil {
		body = b.Content
		if strings.EqualFold(b.Type, "html") {
			m.BodyType = mail.BodyHTML
		}
	}
	return m, body
}

func (w *wireMessage) change() mail.Change {
	if w.Removed != nil {
		return mail.Change{Removed: true, Message: mail.Message{ID: mail.MessageID(w.ID)}}
	}
	m, body := w.message()
	if !w.whole() {
		return mail.Change{Partial: true, Message: mail.Message{
			ID: m.ID, ChangeKey: m.ChangeKey, Received: m.Received, Modified: m.Modified,
		}}
	}
	return mail.Change{Message: m, Body: body}
}

// shortType strips what all types share; a plain message has the empty type.
func shortType(odata string) string {
	t := strings.TrimPrefix(odata, "#microsoft.graph.")
	if strings.EqualFold(t, "message") {
		return ""
	}
	return t
}

// changeKeyOf takes the change key out of an etag: W/"CQAAAB…".
func changeKeyOf(etag string) string {
	return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
}

func address(r *wireRecipient) *mail.Address {
	if r == nil || r.Address.Name == "" && r.Address.Address == "" {
		return nil
	}
	return &mail.Address{Name: r.Address.Name, Address: r.Address.Address}
}

func addresses(rs []wireRecipient) []mail.Address {
	var all []mail.Address
	for _, r := range rs {
		all = append(all, mail.Address{Name: r.Address.Name, Address: r.Address.Address})
	}
	return all
}
