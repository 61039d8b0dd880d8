package graphsim

import (
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// messageView is how messages are to be shown: which properties and what is expanded.
type messageView struct {
	sel         selection
	props       []messageProp
	single      []string // canonical ids of extended properties
	multi       []string
	attachments bool
	attSelect   selection
	nested      levels // $expand=attachments($expand=microsoft.graph.itemattachment/item…)
	typed       bool   // write @odata.type also for plain messages, as delta does
}

func newView(sel selection) *messageView { return &messageView{sel: sel, props: messageProps()} }

// viewOf reads $select and $expand of a get or a list.
func (c *call) viewOf(sel, expand string) (*messageView, *apiError) {
	s, aerr := messageSelect(sel)
	if aerr != nil {
		return nil, aerr
	}
	v := newView(s)
	exp, err := odata.ParseExpand(expand)
	if err != nil {
		return nil, invalidQuery(err)
	}
	for _, e := range exp {
		switch e.Name {
		case "attachments":
			v.attachments = true
			if v.attSelect, aerr = parseSelect(e.Options["$select"], knownAttachmentProp, "microsoft.graph.attachment"); aerr != nil {
				return nil, aerr
			}
			if v.nested, aerr = expandItems(e.Options["$expand"]); aerr != nil {
				return nil, aerr
			}
		case "singleValueExtendedProperties":
			if v.single, aerr = expandedIDs(e); aerr != nil {
				return nil, aerr
			}
		case "multiValueExtendedProperties":
			if v.multi, aerr = expandedIDs(e); aerr != nil {
				return nil, aerr
			}
		case "extensions":
		default:
			return nil, fail(400, "RequestBroker--ParseUri", "Could not find a property named '%s' on type 'Microsoft.OutlookServices.Message'.", e.Name)
		}
	}
	return v, nil
}

// honour notes the preferences that this view of messages follows.
func (c *call) honour(v *messageView) {
	if v.sel == nil || v.sel["body"] || v.sel["uniqueBody"] {
		if c.prefer.BodyType != "" {
			c.prefer.Apply(`outlook.body-content-type="` + c.prefer.BodyType + `"`)
		}
		if c.prefer.UnsafeHTML {
			c.prefer.Apply("outlook.allow-unsafe-html")
		}
	}
}

// writeMessage writes what goes inside the braces.
func (c *call) writeMessage(j *odata.Writer, m *tenant.Message, v *messageView) error {
	if m.Type != "" || v.typed {
		j.Name("@odata.type")
		j.String("#microsoft.graph." + orElse(m.Type, "message"))
	}
	j.Name("@odata.etag")
	j.String(`W/"` + changeKey(m) + `"`)
	j.Name("id")
	j.String(tenant.MessageID(c.user.ID, m.UID, m.Moves, c.immutable()))
	return c.writeProps(j, m, v)
}

// writeProps writes the selected properties, without id and annotations.
func (c *call) writeProps(j *odata.Writer, m *tenant.Message, v *messageView) error {
	for _, p := range v.props {
		if v.sel != nil && !v.sel[p.name] || v.sel == nil && p.onlyWhen {
			continue
		}
		if p.name == "internetMessageHeaders" && m.Headers.Size == 0 {
			continue // drafts and the mailbox's own mail have none
		}
		j.Name(p.name)
		if err := p.write(c, j, m); err != nil {
			return err
		}
	}
	c.writeMeeting(j, m, v)
	if c.set.OpenExtras && v.sel == nil {
		j.Name("x_simulated@odata.type")
		j.String("#Int64")
		j.Name("x_simulated")
		j.Int(int64(m.UID))
	}
	c.writeExpanded(j, m, v.single, v.multi)
	if v.attachments {
		j.Name("attachments")
		return c.writeAttachments(j, m, v.attSelect, v.nested)
	}
	return nil
}

// writeMeeting adds what event messages have more (contract 4.1).
func (c *call) writeMeeting(j *odata.Writer, m *tenant.Message, v *messageView) {
	if !strings.HasPrefix(m.Type, "eventMessage") {
		return
	}
	put := func(name string) bool {
		if v.sel != nil && !v.sel[name] && !v.sel["microsoft.graph.eventMessage/"+name] {
			return false
		}
		j.Name(name)
		return true
	}
	if put("meetingMessageType") {
		switch m.Type {
		case "eventMessageRequest":
			j.String("meetingRequest")
		case "eventMessageResponse":
			j.String("meetingAccepted")
		default:
			j.String("none")
		}
	}
	for _, name := range []string{"isAllDay", "isOutOfDate", "isDelegated"} {
		if put(name) {
			j.Bool(false)
		}
	}
	if put("type") {
		j.String("singleInstance")
	}
	for _, name := range []string{"startDateTime", "endDateTime"} {
		if put(name) {
			j.Open('{')
			j.Name("dateTime")
			j.String(m.Sent.AddDate(0, 0, 7).Format("2006-01-02T15:04:05.0000000"))
			j.Name("timeZone")
			j.String("UTC")
			j.Close('}')
		}
	}
	if put("location") {
		j.Open('{')
		j.Name("displayName")
		j.String("")
		j.Close('}')
	}
}

// replyMessage answers with one message.
func (c *call) replyMessage(status int, m *tenant.Message, v *messageView) error {
	c.honour(v)
	if status == 201 {
		c.w.Header().Set("ETag", `W/"`+changeKey(m)+`"`)
	}
	return c.json(status, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/messages/$entity")
		if err := c.writeMessage(j, m, v); err != nil {
			return err
		}
		j.Close('}')
		return nil
	})
}
