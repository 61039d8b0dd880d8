package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// Items other than messages that can be attached to one (contract 5.1): an event, whose start and end are kept as the times of
// sending and receiving, and a contact, whose name is the subject and whose address is the sender's.
const (
	typeEvent   = "event"
	typeContact = "contact"
)

func isMail(m *tenant.Message) bool { return m.Type != typeEvent && m.Type != typeContact }

// calendarTime is how events tell times: without a zone, which is named beside.
const calendarTime = "2006-01-02T15:04:05.0000000"

func writeZoned(j *odata.Writer, name string, t time.Time) {
	j.Name(name)
	j.Open('{')
	j.Name("dateTime")
	j.String(t.UTC().Format(calendarTime))
	j.Name("timeZone")
	j.String("UTC")
	j.Close('}')
}

// writeEvent writes the members of an attached event.
func (c *call) writeEvent(j *odata.Writer, m *tenant.Message) error {
	j.Name("createdDateTime")
	j.Time(m.Created)
	j.Name("lastModifiedDateTime")
	j.Time(m.Modified)
	writeStrings(j, "categories", m.Categories)
	j.Name("subject")
	j.String(m.Subject)
	j.Name("bodyPreview")
	j.String(m.Preview)
	j.Name("importance")
	j.String(orElse(m.Importance, "normal"))
	j.Name("isAllDay")
	j.Bool(false)
	j.Name("hasAttachments")
	j.Bool(m.HasAttachments())
	j.Name("type")
	j.String("singleInstance")
	j.Name("body")
	if err := c.writeBody(j, m); err != nil {
		return err
	}
	writeZoned(j, "start", m.Sent)
	writeZoned(j, "end", m.Received)
	if m.From != nil {
		j.Name("organizer")
		writeRecipient(j, m.From)
	}
	return nil
}

// writeContact writes the members of an attached contact.
func (c *call) writeContact(j *odata.Writer, m *tenant.Message) error {
	notes, err := c.s.tenant.Blobs.Read(m.Body)
	if err != nil {
		return err
	}
	j.Name("createdDateTime")
	j.Time(m.Created)
	j.Name("lastModifiedDateTime")
	j.Time(m.Modified)
	writeStrings(j, "categories", m.Categories)
	j.Name("displayName")
	j.String(m.Subject)
	j.Name("personalNotes")
	j.String(string(notes))
	j.Name("emailAddresses")
	j.Open('[')
	if m.From != nil {
		j.Open('{')
		j.Name("name")
		j.String(m.From.Name)
		j.Name("address")
		j.String(m.From.Address)
		j.Close('}')
	}
	j.Close(']')
	return nil
}

func writeStrings(j *odata.Writer, name string, list []string) {
	j.Name(name)
	j.Open('[')
	for _, s := range list {
		j.String(s)
	}
	j.Close(']')
}

// itemType is the content type of an attached item's $value (contract 5.1).
func itemType(m *tenant.Message) string {
	switch m.Type {
	case typeEvent:
		return "text/calendar"
	case typeContact:
		return "text/vcard"
	}
	return "text/plain"
}

// writeCard writes an event as iCalendar, or a contact as vCard.
func (w *mimeWriter) card(m *tenant.Message) {
	var body []byte
	r, err := w.blobs.Open(m.Body)
	if err == nil {
		body, err = io.ReadAll(r)
	}
	if err != nil {
		w.err = err
		return
	}
	text := cardText(string(body))
	if m.Type == typeContact {
		w.printf("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%s\r\n", cardText(m.Subject))
		if m.From != nil {
			w.printf("EMAIL;TYPE=INTERNET:%s\r\n", m.From.Address)
		}
		w.printf("NOTE:%s\r\nEND:VCARD\r\n", text)
		return
	}
	const at = "20060102T150405Z"
	w.printf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//simulated tenant//EN\r\nBEGIN:VEVENT\r\nUID:%x@%s\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDTEND:%s\r\nSUMMARY:%s\r\nDESCRIPTION:%s\r\n",
		m.Sent.Unix(), "calendar.example", m.Created.UTC().Format(at), m.Sent.UTC().Format(at), m.Received.UTC().Format(at), cardText(m.Subject), text)
	if m.From != nil {
		w.printf("ORGANIZER;CN=%s:mailto:%s\r\n", cardText(m.From.Name), m.From.Address)
	}
	w.printf("END:VEVENT\r\nEND:VCALENDAR\r\n")
}

// cardText escapes a value of either format (RFC 5545, 3.3.11; RFC 6350, 3.4).
func cardText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "").Replace(s)
}

// itemKind is the type that an attached item says it has, without the namespace.
func itemKind(p json.RawMessage) string {
	var t struct {
		Type string `json:"@odata.type"`
	}
	if err := json.Unmarshal(p, &t); err != nil {
		return ""
	}
	return strings.TrimPrefix(t.Type, "#microsoft.graph.")
}

type (
	eventFields struct {
		Type       string          `json:"@odata.type"`
		Subject    string          `json:"subject"`
		Body       *bodyField      `json:"body"`
		Start      *timeField      `json:"start"`
		End        *timeField      `json:"end"`
		Organizer  *recipientField `json:"organizer"`
		Categories []string        `json:"categories"`
		Importance string          `json:"importance"`
		AllDay     json.RawMessage `json:"isAllDay"`  // taken, without effect
		Location   json.RawMessage `json:"location"`  // the same
		Attendees  json.RawMessage `json:"attendees"` // the same
	}
	contactFields struct {
		Type       string         `json:"@odata.type"`
		Name       string         `json:"displayName"`
		Given      string         `json:"givenName"` // taken, without effect
		Surname    string         `json:"surname"`   // the same
		Notes      string         `json:"personalNotes"`
		Addresses  []addressField `json:"emailAddresses"`
		Categories []string       `json:"categories"`
	}
)

func strictly(p []byte, v any) *apiError {
	dec := json.NewDecoder(bytes.NewReader(p))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return undeserializable()
	}
	return nil
}

func (c *call) newEvent(p []byte) (*tenant.Message, *apiError) {
	f := new(eventFields)
	if aerr := strictly(p, f); aerr != nil {
		return nil, aerr
	}
	now := tenant.Second(c.s.tenant.Now())
	m := &tenant.Message{Type: typeEvent, Subject: f.Subject, Categories: f.Categories, Importance: strings.TrimPrefix(f.Importance, "normal"), Created: now, Modified: now}
	for _, t := range []struct {
		in  *timeField
		out *time.Time
	}{{f.Start, &m.Sent}, {f.End, &m.Received}} {
		if t.in == nil {
			return nil, undeserializable()
		}
		at, err := time.Parse("2006-01-02T15:04:05", t.in.DateTime)
		if err != nil {
			return nil, undeserializable()
		}
		*t.out = tenant.Second(at)
	}
	if f.Organizer != nil && f.Organizer.Email != nil {
		m.From = &tenant.Address{Name: f.Organizer.Email.Name, Address: f.Organizer.Email.Address}
	}
	if f.Body != nil {
		return m, c.fillBody(m, f.Body)
	}
	return m, nil
}

func (c *call) newContact(p []byte) (*tenant.Message, *apiError) {
	f := new(contactFields)
	if aerr := strictly(p, f); aerr != nil {
		return nil, aerr
	}
	now := tenant.Second(c.s.tenant.Now())
	m := &tenant.Message{Type: typeContact, Subject: f.Name, Categories: f.Categories, Created: now, Modified: now}
	if len(f.Addresses) > 0 {
		m.From = &tenant.Address{Name: f.Addresses[0].Name, Address: f.Addresses[0].Address}
	}
	blob, err := c.s.tenant.Blobs.Put([]byte(f.Notes))
	if err != nil {
		return nil, storeFailed(fmt.Errorf("notes: %w", err))
	}
	m.Body = blob
	return m, nil
}
