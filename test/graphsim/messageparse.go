package graphsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/test/graphsim/internal/tenant"
)

// draftFields are the members of a message body that can be set (contract 4.1), by JSON name. Times and isDraft are
// taken and ignored (contract 6.1). All other members, server-managed ones included, are refused.
type draftFields struct {
	Type        *string            `json:"@odata.type"`
	Subject     *string            `json:"subject"`
	Body        *bodyField         `json:"body"`
	Importance  *string            `json:"importance"`
	Categories  *[]string          `json:"categories"`
	From        *recipientField    `json:"from"`
	Sender      *recipientField    `json:"sender"`
	To          *recipientFields   `json:"toRecipients"`
	Cc          *recipientFields   `json:"ccRecipients"`
	Bcc         *recipientFields   `json:"bccRecipients"`
	ReplyTo     *recipientFields   `json:"replyTo"`
	MessageID   *string            `json:"internetMessageId"`
	Headers     *[]headerField     `json:"internetMessageHeaders"`
	Delivery    *bool              `json:"isDeliveryReceiptRequested"`
	ReadReceipt *bool              `json:"isReadReceiptRequested"`
	Read        *bool              `json:"isRead"`
	Flag        *flagField         `json:"flag"`
	Class       *string            `json:"inferenceClassification"`
	Attachments *[]attachField     `json:"attachments"`
	Extensions  *[]json.RawMessage `json:"extensions"`
	Single      *[]singleField     `json:"singleValueExtendedProperties"`
	Multi       *[]multiField      `json:"multiValueExtendedProperties"`

	// Taken, without effect.
	Draft    json.RawMessage `json:"isDraft"`
	Received json.RawMessage `json:"receivedDateTime"`
	Sent     json.RawMessage `json:"sentDateTime"`
	Created  json.RawMessage `json:"createdDateTime"`
	Modified json.RawMessage `json:"lastModifiedDateTime"`
}

type (
	bodyField struct {
		Type        string `json:"@odata.type"`
		ContentType string `json:"contentType"`
		Content     string `json:"content"`
	}
	recipientField struct {
		Type  string        `json:"@odata.type"`
		Email *addressField `json:"emailAddress"`
	}
	addressField struct {
		Type    string `json:"@odata.type"`
		Name    string `json:"name"`
		Address string `json:"address"`
	}
	recipientFields []recipientField
	headerField     struct {
		Type  string `json:"@odata.type"`
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	flagField struct {
		Type      string     `json:"@odata.type"`
		Status    string     `json:"flagStatus"`
		Start     *timeField `json:"startDateTime"`
		Due       *timeField `json:"dueDateTime"`
		Completed *timeField `json:"completedDateTime"`
	}
	timeField struct {
		Type     string `json:"@odata.type"`
		DateTime string `json:"dateTime"`
		TimeZone string `json:"timeZone"`
	}
	singleField struct {
		Type  string  `json:"@odata.type"`
		ID    string  `json:"id"`
		Value *string `json:"value"`
	}
	multiField struct {
		Type  string   `json:"@odata.type"`
		ID    string   `json:"id"`
		Value []string `json:"value"`
	}
)

// parseFields reads a message body strictly.
func parseFields(p []byte) (*draftFields, *apiError) {
	f := new(draftFields)
	dec := json.NewDecoder(bytes.NewReader(p))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil || dec.More() {
		return nil, undeserializable()
	}
	return f, nil
}

// fill puts the fields into a message and says what they change. create is false for PATCH.
func (c *call) fill(m *tenant.Message, f *draftFields, create bool) (tenant.Props, *apiError) {
	var changed tenant.Props
	note := func(bit tenant.Props) { changed |= bit }
	if f.Subject != nil {
		m.Subject = *f.Subject
		note(tenant.PropSubject)
	}
	if f.Body != nil {
		if aerr := c.fillBody(m, f.Body); aerr != nil {
			return 0, aerr
		}
		note(tenant.PropBody)
	}
	if f.Importance != nil {
		v := strings.ToLower(*f.Importance)
		if !slices.Contains([]string{"low", "normal", "high"}, v) {
			return 0, undeserializable()
		}
		m.Importance = strings.TrimPrefix(v, "normal")
		note(tenant.PropImportance)
	}
	if f.Categories != nil {
		m.Categories = *f.Categories
		note(tenant.PropCategories)
	}
	if aerr := fillPeople(m, f, note); aerr != nil {
		return 0, aerr
	}
	if f.MessageID != nil {
		m.InternetMessageID = *f.MessageID
		note(tenant.PropInternetMessageID)
	}
	if f.Delivery != nil {
		m.DeliveryReceipt = *f.Delivery
		note(tenant.PropDeliveryReceipt)
	}
	if f.ReadReceipt != nil {
		m.ReadReceipt = *f.ReadReceipt
		note(tenant.PropReadReceipt)
	}
	if f.Read != nil {
		m.Read = *f.Read
		note(tenant.PropRead)
	}
	if f.Flag != nil {
		if aerr := fillFlag(m, f.Flag); aerr != nil {
			return 0, aerr
		}
		note(tenant.PropFlag)
	}
	if f.Class != nil {
		if *f.Class != "focused" && *f.Class != "other" {
			return 0, undeserializable()
		}
		m.Other = *f.Class == "other"
		note(tenant.PropClassification)
	}
	if f.Headers != nil {
		if !create {
			return 0, fail(400, "ErrorInvalidPropertySet", "internetMessageHeaders cannot be changed after creation.")
		}
		if aerr := c.fillHeaders(m, *f.Headers); aerr != nil {
			return 0, aerr
		}
	}
	if aerr := c.fillExtended(m, f, create, note); aerr != nil {
		return 0, aerr
	}
	return changed, nil
}

func (c *call) fillBody(m *tenant.Message, b *bodyField) *apiError {
	switch strings.ToLower(b.ContentType) {
	case "html":
		m.BodyHTML = true
	case "text", "":
		m.BodyHTML = false
	default:
		return undeserializable()
	}
	blob, err := c.s.tenant.Blobs.Put([]byte(b.Content))
	if err != nil {
		return storeFailed(err)
	}
	m.Body = blob
	m.Preview = preview(b.Content, m.BodyHTML)
	return nil
}

func storeFailed(err error) *apiError {
	return fail(http.StatusInternalServerError, "ErrorInternalServerError", "%s", err.Error())
}

// preview is the first 255 characters of the text (contract 4.1).
func preview(content string, html bool) string {
	if html {
		content = htmlToText(content[:min(len(content), 64<<10)])
	}
	content = strings.TrimSpace(content)
	for i := range content {
		if utf8.RuneCountInString(content[:i]) >= 255 {
			return content[:i]
		}
		if i > 255*4 {
			break
		}
	}
	return content
}

func fillPeople(m *tenant.Message, f *draftFields, note func(tenant.Props)) *apiError {
	for _, x := range []struct {
		in  *recipientField
		out **tenant.Address
		bit tenant.Props
	}{{f.From, &m.From, tenant.PropFrom}, {f.Sender, &m.Sender, tenant.PropSender}} {
		if x.in == nil {
			continue
		}
		if x.in.Email == nil {
			return undeserializable()
		}
		*x.out = &tenant.Address{Name: x.in.Email.Name, Address: x.in.Email.Address}
		note(x.bit)
	}
	for _, x := range []struct {
		in  *recipientFields
		out *[]tenant.Address
		bit tenant.Props
	}{
		{f.To, &m.To, tenant.PropTo},
		{f.Cc, &m.Cc, tenant.PropCc},
		{f.Bcc, &m.Bcc, tenant.PropBcc},
		{f.ReplyTo, &m.ReplyTo, tenant.PropReplyTo},
	} {
		if x.in == nil {
			continue
		}
		*x.out = nil
		for _, r := range *x.in {
			if r.Email == nil {
				return undeserializable()
			}
			if !addressable(r.Email.Address) {
				return fail(400, "ErrorInvalidRecipients", "At least one recipient isn't valid., A message can't be sent because it contains no recipients.")
			}
			*x.out = append(*x.out, tenant.Address{Name: r.Email.Name, Address: r.Email.Address})
		}
		note(x.bit)
	}
	return nil
}

// addressable reports whether a recipient is taken (contract 6.1: empty and odd ones are refused). Quoted local parts may
// hold spaces (RFC 5321, 4.1.2).
func addressable(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	if i := strings.LastIndex(address, "\"@"); strings.HasPrefix(address, "\"") && i > 0 {
		local, domain = "", address[i+2:]
	} else if ok && local == "" {
		return false
	}
	return strings.TrimSpace(address) != "" && !strings.ContainsAny(local+domain, " <>") && !strings.ContainsAny(address, "\r\n")
}

func fillFlag(m *tenant.Message, f *flagField) *apiError {
	if !slices.Contains([]string{"notFlagged", "flagged", "complete"}, f.Status) {
		return undeserializable()
	}
	conv := func(t *timeField) tenant.DateTime {
		if t == nil {
			return tenant.DateTime{}
		}
		return tenant.DateTime{DateTime: t.DateTime, TimeZone: t.TimeZone}
	}
	m.Flag = tenant.Flag{Status: strings.TrimPrefix(f.Status, "notFlagged"), Start: conv(f.Start), Due: conv(f.Due), Completed: conv(f.Completed)}
	return nil
}

// fillHeaders: one to five, all "x-" (contract 6.5).
func (c *call) fillHeaders(m *tenant.Message, headers []headerField) *apiError {
	if len(headers) < 1 || len(headers) > 5 {
		return fail(400, "InvalidInternetMessageHeaderCollection", "The internet message headers collection must have 1 to 5 entries.")
	}
	var b strings.Builder
	for _, h := range headers {
		if !strings.HasPrefix(strings.ToLower(h.Name), "x-") {
			return fail(400, "InvalidInternetMessageHeader", "The internet message header name '%s' should start with 'x-' or 'X-'.", h.Name)
		}
		b.WriteString(h.Name + ": " + h.Value + "\n")
	}
	return c.putHeaders(m, b.String())
}

func (c *call) putHeaders(m *tenant.Message, lines string) *apiError {
	blob, err := c.s.tenant.Blobs.Put([]byte(lines))
	if err != nil {
		return storeFailed(err)
	}
	m.Headers = blob
	return nil
}

// fillExtended stores extended properties. Those that Exchange keeps elsewhere change the message (contract 6.3).
func (c *call) fillExtended(m *tenant.Message, f *draftFields, create bool, note func(tenant.Props)) *apiError {
	if f.Single != nil {
		m.Single = cloneMap(m.Single)
		for _, p := range *f.Single {
			id, ok := canonicalID(p.ID)
			if !ok || p.Value == nil || strings.HasSuffix(strings.Fields(id)[0], "Array") {
				return fail(400, "ErrorInvalidPropertyId", "The property id '%s' is invalid.", p.ID)
			}
			if aerr := checkExtended(id, *p.Value); aerr != nil {
				return aerr
			}
			if aerr := c.setExtended(m, id, *p.Value, create); aerr != nil {
				return aerr
			}
			note(tenant.PropExtended)
		}
	}
	if f.Multi != nil {
		next := map[string][]string{}
		for k, v := range m.Multi {
			next[k] = v
		}
		for _, p := range *f.Multi {
			id, ok := canonicalID(p.ID)
			if !ok || !strings.HasSuffix(strings.Fields(id)[0], "Array") {
				return fail(400, "ErrorInvalidPropertyId", "The property id '%s' is invalid.", p.ID)
			}
			next[id] = p.Value
			note(tenant.PropExtended)
		}
		m.Multi = next
	}
	return nil
}

func cloneMap(in map[string]string) map[string]string {
	out := make(map[string]string, len(in)+1)
	for k, v := range in {
		out[k] = v
	}
	return out
}

// checkExtended refuses values that are not of the type in the id.
func checkExtended(id, value string) *apiError {
	kind, _, _ := strings.Cut(id, " ")
	var err error
	switch kind {
	case "Integer", "Short":
		_, err = strconv.ParseInt(value, 0, 32)
	case "Long", "Currency":
		_, err = strconv.ParseInt(value, 0, 64)
	case "SystemTime":
		_, err = time.Parse(time.RFC3339, value)
	case "Binary":
		_, err = base64.StdEncoding.DecodeString(value)
	case "Boolean":
		_, err = strconv.ParseBool(value)
	}
	if err != nil {
		return fail(400, "ErrorInvalidExtendedPropertyValue", "The value '%s' is not valid for the extended property '%s'.", value, id)
	}
	return nil
}

func (c *call) setExtended(m *tenant.Message, id, value string, create bool) *apiError {
	switch id {
	case tagFlags:
		if !create {
			// mfUnsent and its like are writable before the first save only (contract 6.3).
			return fail(400, "ErrorItemSavePropertyError", "The property %s is read-only.", id)
		}
		n, _ := strconv.ParseInt(value, 0, 32) // checked before
		m.Draft = n&flagUnsent != 0
		m.Read = m.Read || n&flagRead != 0
	case tagSize, tagLongSize:
		return fail(400, "ErrorItemSavePropertyError", "The property %s is read-only.", id)
	case tagDelivery, tagSubmit:
		t, _ := time.Parse(time.RFC3339, value) // checked before
		if id == tagDelivery {
			m.Received = tenant.Second(t)
		} else {
			m.Sent = tenant.Second(t)
		}
	case tagHeaders:
		return c.putHeaders(m, unfoldHeaders(value))
	case tagMessageID:
		m.InternetMessageID = value
	default:
		m.Single[id] = value
	}
	return nil
}

// unfoldHeaders makes "Name: value" lines of a transport header block.
func unfoldHeaders(s string) string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(s, "\r\n", "\n")) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.TrimSpace(line) == "":
		case (line[0] == ' ' || line[0] == '\t') && len(out) > 0:
			out[len(out)-1] += " " + strings.TrimSpace(line)
		default:
			name, value, ok := strings.Cut(line, ":")
			if ok {
				out = append(out, strings.TrimSpace(name)+": "+strings.TrimSpace(value))
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n") + "\n"
}
