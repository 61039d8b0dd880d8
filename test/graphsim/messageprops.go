package graphsim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// messageProp is a property of contract 4.1 and how it is written.
type messageProp struct {
	name     string
	bit      tenant.Props // which writes change it; 0 for what never changes by itself
	onlyWhen bool         // written only when selected by name
	write    func(c *call, j *odata.Writer, m *tenant.Message) error
}

func text(get func(*tenant.Message) string) func(*call, *odata.Writer, *tenant.Message) error {
	return func(_ *call, j *odata.Writer, m *tenant.Message) error { j.String(get(m)); return nil }
}

func boolean(get func(*tenant.Message) bool) func(*call, *odata.Writer, *tenant.Message) error {
	return func(_ *call, j *odata.Writer, m *tenant.Message) error { j.Bool(get(m)); return nil }
}

func people(get func(*tenant.Message) []tenant.Address) func(*call, *odata.Writer, *tenant.Message) error {
	return func(_ *call, j *odata.Writer, m *tenant.Message) error {
		j.Open('[')
		for _, a := range get(m) {
			writeRecipient(j, &a)
		}
		j.Close(']')
		return nil
	}
}

func person(get func(*tenant.Message) *tenant.Address) func(*call, *odata.Writer, *tenant.Message) error {
	return func(_ *call, j *odata.Writer, m *tenant.Message) error { writeRecipient(j, get(m)); return nil }
}

func writeRecipient(j *odata.Writer, a *tenant.Address) {
	if a == nil {
		j.Null()
		return
	}
	j.Open('{')
	j.Name("emailAddress")
	j.Open('{')
	j.Name("name")
	j.String(a.Name)
	j.Name("address")
	j.String(a.Address)
	j.Close('}')
	j.Close('}')
}

// messageProps in the order in which Graph writes them.
func messageProps() []messageProp {
	type M = tenant.Message
	return []messageProp{
		{"createdDateTime", 0, false, func(_ *call, j *odata.Writer, m *M) error { j.Time(m.Created); return nil }},
		{"lastModifiedDateTime", tenant.PropKey, false, func(_ *call, j *odata.Writer, m *M) error { j.Time(m.Modified); return nil }},
		{"changeKey", tenant.PropKey, false, text(changeKey)},
		{"categories", tenant.PropCategories, false, func(_ *call, j *odata.Writer, m *M) error {
			j.Open('[')
			for _, s := range m.Categories {
				j.String(s)
			}
			j.Close(']')
			return nil
		}},
		{"receivedDateTime", tenant.PropReceived, false, func(_ *call, j *odata.Writer, m *M) error { j.Time(m.Received); return nil }},
		{"sentDateTime", tenant.PropSent, false, func(_ *call, j *odata.Writer, m *M) error { j.Time(m.Sent); return nil }},
		{"hasAttachments", tenant.PropHasAttachments, false, boolean((*M).HasAttachments)},
		{"internetMessageId", tenant.PropInternetMessageID, false, text(func(m *M) string { return m.InternetMessageID })},
		{"internetMessageHeaders", tenant.PropHeaders, true, (*call).writeHeaders},
		{"subject", tenant.PropSubject, false, text(func(m *M) string { return m.Subject })},
		{"bodyPreview", tenant.PropBody, false, text(func(m *M) string { return m.Preview })},
		{"importance", tenant.PropImportance, false, text(func(m *M) string { return orElse(m.Importance, "normal") })},
		{"parentFolderId", tenant.PropParentFolder, false, func(c *call, j *odata.Writer, m *M) error {
			j.String(tenant.FolderID(c.user.ID, m.Folder))
			return nil
		}},
		{"conversationId", tenant.PropConversation, false, text(func(m *M) string { return m.ConversationID })},
		{"conversationIndex", tenant.PropConversation, false, text(func(m *M) string {
			return base64.StdEncoding.EncodeToString(m.ConversationIndex)
		})},
		{"isDeliveryReceiptRequested", tenant.PropDeliveryReceipt, false, boolean(func(m *M) bool { return m.DeliveryReceipt })},
		{"isReadReceiptRequested", tenant.PropReadReceipt, false, boolean(func(m *M) bool { return m.ReadReceipt })},
		{"isRead", tenant.PropRead, false, boolean(func(m *M) bool { return m.Read })},
		{"isDraft", tenant.PropDraft, false, boolean(func(m *M) bool { return m.Draft })},
		{"webLink", 0, false, func(c *call, j *odata.Writer, m *M) error {
			j.String("https://outlook.office365.com/owa/?ItemID=" + tenant.MessageID(c.user.ID, m.UID, m.Moves, false) + "&exvsurl=1&viewmodel=ReadMessageItem")
			return nil
		}},
		{"inferenceClassification", tenant.PropClassification, false, text(func(m *M) string {
			if m.Other {
				return "other"
			}
			return "focused"
		})},
		{"body", tenant.PropBody, false, (*call).writeBody},
		{"uniqueBody", tenant.PropBody, true, (*call).writeBody},
		{"sender", tenant.PropSender, false, person(func(m *M) *tenant.Address { return m.Sender })},
		{"from", tenant.PropFrom, false, person(func(m *M) *tenant.Address { return m.From })},
		{"toRecipients", tenant.PropTo, false, people(func(m *M) []tenant.Address { return m.To })},
		{"ccRecipients", tenant.PropCc, false, people(func(m *M) []tenant.Address { return m.Cc })},
		{"bccRecipients", tenant.PropBcc, false, people(func(m *M) []tenant.Address { return m.Bcc })},
		{"replyTo", tenant.PropReplyTo, false, people(func(m *M) []tenant.Address { return m.ReplyTo })},
		{"flag", tenant.PropFlag, false, writeFlag},
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// changeKey names the newest write; the etag is the same thing in quotes (contract 4.1).
func changeKey(m *tenant.Message) string {
	return "CQAAABYA" + base64.RawURLEncoding.EncodeToString([]byte("sim\x00\x00"+strconv.FormatUint(1<<40+m.Seq, 16)))
}

func writeFlag(_ *call, j *odata.Writer, m *tenant.Message) error {
	j.Open('{')
	j.Name("flagStatus")
	j.String(orElse(m.Flag.Status, "notFlagged"))
	for _, t := range []struct {
		name string
		v    tenant.DateTime
	}{{"startDateTime", m.Flag.Start}, {"dueDateTime", m.Flag.Due}, {"completedDateTime", m.Flag.Completed}} {
		if t.v.DateTime == "" {
			continue
		}
		j.Name(t.name)
		j.Open('{')
		j.Name("dateTime")
		j.String(t.v.DateTime)
		j.Name("timeZone")
		j.String(t.v.TimeZone)
		j.Close('}')
	}
	j.Close('}')
	return nil
}

// writeHeaders: names may repeat, order is that of the message (contract 4.1).
func (c *call) writeHeaders(j *odata.Writer, m *tenant.Message) error {
	p, err := c.s.tenant.Blobs.Read(m.Headers)
	if err != nil {
		return err
	}
	j.Open('[')
	for line := range strings.Lines(string(p)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		j.Open('{')
		j.Name("name")
		j.String(name)
		j.Name("value")
		j.String(value)
		j.Close('}')
	}
	j.Close(']')
	return nil
}

// writeBody converts and sanitises as the request prefers (contract 4.2).
func (c *call) writeBody(j *odata.Writer, m *tenant.Message) error {
	p, err := c.s.tenant.Blobs.Read(m.Body)
	if err != nil {
		return err
	}
	content, kind := c.preferredBody(m, string(p))
	j.Open('{')
	j.Name("contentType")
	j.String(kind)
	j.Name("content")
	j.String(content)
	j.Close('}')
	return nil
}

func (c *call) preferredBody(m *tenant.Message, content string) (body, kind string) {
	kind = "text"
	if m.BodyHTML {
		kind = "html"
		if !c.prefer.UnsafeHTML {
			content = sanitize(content)
		}
	}
	switch {
	case c.prefer.BodyType == "text" && m.BodyHTML:
		return htmlToText(content), "text"
	case c.prefer.BodyType == "html" && !m.BodyHTML:
		return textToHTML(content), "html"
	}
	return content, kind
}

// meetingProps are the extra properties of event messages (contract 4.1).
var meetingProps = []string{"meetingMessageType", "startDateTime", "endDateTime", "location", "type", "isAllDay", "isOutOfDate", "isDelegated"}

func knownMessageProp(name string) bool {
	if rest, ok := strings.CutPrefix(name, "microsoft.graph."); ok {
		_, name, _ = strings.Cut(rest, "/")
		return slices.Contains(meetingProps, name)
	}
	if name == "id" {
		return true
	}
	return slices.ContainsFunc(messageProps(), func(p messageProp) bool { return p.name == name })
}

// messageSelect reads $select of messages; unknown names are refused (contract 14.13).
func messageSelect(s string) (selection, *apiError) {
	return parseSelect(s, knownMessageProp, "Microsoft.OutlookServices.Message")
}
