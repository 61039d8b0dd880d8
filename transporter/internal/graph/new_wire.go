package graph

import (
	"encoding/json"
	"strings"
	"time"

	"holdfast/pkg/mail"
)

type newMessage struct {
	Type          string          `json:"@odata.type,omitempty"`
	Subject       string          `json:"subject"`
	Body          newBody         `json:"body"`
	From          *newRecipient   `json:"from,omitempty"`
	Sender        *newRecipient   `json:"sender,omitempty"`
	To            []newRecipient  `json:"toRecipients,omitempty"`
	Cc            []newRecipient  `json:"ccRecipients,omitempty"`
	Bcc           []newRecipient  `json:"bccRecipients,omitempty"`
	ReplyTo       []newRecipient  `json:"replyTo,omitempty"`
	InternetID    string          `json:"internetMessageId,omitempty"`
	Importance    string          `json:"importance,omitempty"`
	Categories    []string        `json:"categories,omitempty"`
	Flag          *newFlag        `json:"flag,omitempty"`
	Read          bool            `json:"isRead"`
	DeliveryAsked bool            `json:"isDeliveryReceiptRequested,omitempty"`
	ReadAsked     bool            `json:"isReadReceiptRequested,omitempty"`
	Inference     string          `json:"inferenceClassification,omitempty"`
	Properties    []newProperty   `json:"singleValueExtendedProperties,omitempty"`
	Attachments   []newAttachment `json:"attachments,omitempty"`
}

type newBody struct {
	Type    string `json:"contentType"`
	Content string `json:"content"`
}

type newRecipient struct {
	Address newAddress `json:"emailAddress"`
}

type newAddress struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
}

type newFlag struct {
	Status    string   `json:"flagStatus"`
	Start     *newTime `json:"startDateTime,omitempty"`
	Due       *newTime `json:"dueDateTime,omitempty"`
	Completed *newTime `json:"completedDateTime,omitempty"`
}

type newTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

type newProperty struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

type newAttachment struct {
	Type        string      `json:"@odata.type"`
	Name        string      `json:"name"`
	ContentType string      `json:"contentType,omitempty"`
	Inline      bool        `json:"isInline,omitempty"`
	ContentID   string      `json:"contentId,omitempty"`
	Location    string      `json:"contentLocation,omitempty"`
	Content     []byte      `json:"contentBytes,omitempty"`
	Item        *newMessage `json:"item,omitempty"`
}

// wire returns the message as Graph takes it, without attachments. strict says which addresses are left out, and foreign puts the sender into properties, after Graph has refused the message as it was.
func (n *NewMessage) wire(c *Created, strict strictness, foreign bool) *newMessage {
	m := &n.Message
	w := &newMessage{
		Subject: m.Subject, Body: newBody{"text", n.Body}, InternetID: m.InternetMessageID, Categories: m.Categories,
		To: recipients(c, m.To, strict), Cc: recipients(c, m.Cc, strict), Bcc: recipients(c, m.Bcc, strict),
		ReplyTo: recipients(c, m.ReplyTo, strict), Read: m.Read, DeliveryAsked: m.DeliveryReceiptWanted, ReadAsked: m.ReadReceiptWanted,
		Properties: n.properties(),
	}
	if m.BodyType == mail.BodyHTML {
		w.Body.Type = "html"
	}
	w.From = w.sender(c, m.From, foreign, propFromName, propFromType, propFromAddress)
	w.Sender = w.sender(c, m.Sender, foreign, propSenderName, propSenderType, propSenderAddress)
	switch m.Importance {
	case mail.ImportanceLow:
		w.Importance = "low"
	case mail.ImportanceHigh:
		w.Importance = "high"
	case mail.ImportanceNormal:
	}
	if m.InferenceOther {
		w.Inference = "other"
	}
	w.Flag = flagOf(m.Flag)
	return w
}

func flagOf(f mail.Flag) *newFlag {
	w := &newFlag{Start: timeOf(f.Start), Due: timeOf(f.Due), Completed: timeOf(f.Completed)}
	switch f.Status {
	case mail.FlagFlagged:
		w.Status = "flagged"
	case mail.FlagComplete:
		w.Status = "complete"
	case mail.FlagNone:
		return nil
	}
	return w
}

func timeOf(t mail.FlagTime) *newTime {
	if t.DateTime == "" {
		return nil
	}
	return &newTime{t.DateTime, t.TimeZone}
}

// sender returns a sender, or puts it into the properties named when it has no address or was refused.
func (w *newMessage) sender(c *Created, a *mail.Address, foreign bool, name, kind, at string) *newRecipient {
	if a == nil {
		return nil
	}
	if usable(a.Address, anyAddress) && !foreign {
		return &newRecipient{newAddress(*a)}
	}
	if foreign {
		c.note(noteFrom)
	}
	if a.Name != "" {
		w.Properties = append(w.Properties, newProperty{name, a.Name})
	}
	if a.Address != "" {
		w.Properties = append(w.Properties, newProperty{kind, "SMTP"}, newProperty{at, a.Address})
	}
	return nil
}

// recipients leaves out those that Graph would refuse the whole message for (contract 6.1).
func recipients(c *Created, all []mail.Address, strict strictness) []newRecipient {
	var out []newRecipient
	for _, a := range all {
		if !usable(a.Address, strict) {
			c.note(noteRecipients)
			continue
		}
		out = append(out, newRecipient{newAddress(a)})
	}
	return out
}

// strictness is what an address must be like to be sent to Graph.
type strictness uint8

const (
	anyAddress strictness = iota // not empty
	noSpaces                     // without white space and brackets
	onlyPlain                    // local@domain of plain characters
)

// usable reports whether an address is fit to be sent.
func usable(address string, strict strictness) bool {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case strings.TrimSpace(address) == "":
		return false
	case strict >= noSpaces && strings.ContainsAny(address, " \t\r\n<>"):
		return false
	case strict >= onlyPlain && (!ok || local == "" || domain == "" || strings.ContainsAny(address, "()[]\\,;:\"") || strings.Contains(domain, "@")):
		return false
	}
	return true
}

// properties are what JSON's own members cannot say.
func (n *NewMessage) properties() []newProperty {
	m := &n.Message
	var all []newProperty
	add := func(id, value string) {
		if value != "" {
			all = append(all, newProperty{id, value})
		}
	}
	if !m.Draft { // without the flags the message stays the draft that it was
		flags := "0"
		if m.Read {
			flags = "1"
		}
		add(propFlags, flags)
	}
	add(propReceived, systemTime(m.Received))
	add(propSent, systemTime(m.Sent))
	add(propHeaders, headerText(m.Headers))
	add(propInReplyTo, header(m.Headers, "In-Reply-To"))
	add(propReferences, header(m.Headers, "References"))
	return all
}

func systemTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// maxHeaders is what Exchange takes as the headers of one message (contract 11).
const maxHeaders = 256 << 10

func headerText(all []mail.Header) string {
	var b strings.Builder
	for _, h := range all {
		if b.Len()+len(h.Name)+len(h.Value)+4 > maxHeaders {
			break
		}
		b.WriteString(h.Name)
		b.WriteString(": ")
		b.WriteString(h.Value)
		b.WriteString("\r\n")
	}
	return b.String()
}

func header(all []mail.Header, name string) string {
	for _, h := range all {
		if strings.EqualFold(h.Name, name) {
			return strings.TrimSpace(h.Value)
		}
	}
	return ""
}

// encode writes JSON without escaping "<" and its like, which would make HTML six times as long.
func encode(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}
