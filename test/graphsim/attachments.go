package graphsim

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// attachmentBase are the members of the base type: the only ones that a plain $select may name (contract 5.2).
var attachmentBase = []string{"lastModifiedDateTime", "name", "contentType", "size", "isInline"}

// fileCast prefixes members of the derived type in a $select.
const fileCast = "microsoft.graph.fileattachment/"

func knownAttachmentProp(name string) bool {
	if rest, ok := strings.CutPrefix(strings.ToLower(name), fileCast); ok {
		return rest == "contentid" || rest == "contentlocation" || rest == "contentbytes"
	}
	return name == "id" || strings.Contains(" "+strings.Join(attachmentBase, " ")+" ", " "+name+" ")
}

func (s selection) cast(name string) bool {
	for k := range s {
		if strings.EqualFold(k, fileCast+name) {
			return true
		}
	}
	return false
}

func attachmentType(a *tenant.Attachment) string {
	switch {
	case a.Item != nil:
		return "itemAttachment"
	case a.Reference != "":
		return "referenceAttachment"
	}
	return "fileAttachment"
}

// listAttachments returns all of them in one answer, bytes included; paging is not honoured (contract 5.2).
func (c *call) listAttachments() error {
	sel, nested, aerr := c.attachmentOptions()
	if aerr != nil {
		return aerr
	}
	m, err := c.message()
	if err != nil {
		return err
	}
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/messages('" + c.args[1] + "')/attachments")
		j.Name("value")
		if err := c.writeAttachments(j, m, sel, nested); err != nil {
			return err
		}
		j.Close('}')
		return nil
	})
}

// attachmentOptions reads $select, and the one $expand there is: an attached item, with what is attached to it.
func (c *call) attachmentOptions() (selection, levels, *apiError) {
	sel, aerr := parseSelect(c.option("select"), knownAttachmentProp, "microsoft.graph.attachment")
	if aerr != nil {
		return nil, 0, aerr
	}
	nested, aerr := expandItems(c.option("expand"))
	return sel, nested, aerr
}

// levels is how much of what is attached to what is expanded: 1 an attached item, 2 with the list of what is attached to
// it, 3 with the items in that list, and so on. What is not asked for is not there.
type levels int

const (
	itemPath        = "microsoft.graph.itemattachment/item"
	attachmentsPath = "microsoft.graph.message/attachments"
	// maxLevels is that of an item 30 levels down, with the list of what is attached to it (contract 5.2).
	maxLevels levels = 60
)

// expandItems reads the $expand of attachments, down to its bottom.
func expandItems(option string) (levels, *apiError) {
	var n levels
	for ; option != ""; n++ {
		exp, err := odata.ParseExpand(option)
		if err != nil || len(exp) != 1 {
			return 0, invalidQuery(fmt.Errorf("%w: $expand=%s", odata.ErrSyntax, option))
		}
		want, on := itemPath, "attachment"
		if n%2 == 1 {
			want, on = attachmentsPath, "outlookItem"
		}
		if !strings.EqualFold(exp[0].Name, want) {
			return 0, fail(400, "RequestBroker--ParseUri", "Could not find a property named '%s' on type 'microsoft.graph.%s'.", exp[0].Name, on)
		}
		option = exp[0].Options["$expand"]
	}
	if n > maxLevels {
		return 0, fail(400, "ErrorInvalidRequest", "The expansion is too deep.")
	}
	return n, nil
}

func (c *call) writeAttachments(j *odata.Writer, m *tenant.Message, sel selection, nested levels) error {
	j.Open('[')
	for i := range m.Attachments {
		a := &m.Attachments[i]
		j.Open('{')
		id := tenant.AttachmentID(c.user.ID, m, a.Num, c.immutable())
		if err := c.writeAttachment(j, a, id, sel, nested); err != nil {
			return err
		}
		j.Close('}')
	}
	j.Close(']')
	return nil
}

// writeAttachment writes what goes inside the braces. Bytes stream from where they are kept.
func (c *call) writeAttachment(j *odata.Writer, a *tenant.Attachment, id string, sel selection, nested levels) error {
	kind := attachmentType(a)
	j.Name("@odata.type")
	j.String("#microsoft.graph." + kind)
	if kind == "fileAttachment" {
		j.Name("@odata.mediaContentType")
		j.String(orElse(a.ContentType, "application/octet-stream"))
	}
	j.Name("id")
	j.String(id)
	for _, name := range attachmentBase {
		if sel != nil && !sel[name] {
			continue
		}
		j.Name(name)
		switch name {
		case "lastModifiedDateTime":
			j.Time(a.Modified)
		case "name":
			j.String(a.Name)
		case "contentType":
			if a.ContentType == "" {
				j.Null()
			} else {
				j.String(a.ContentType)
			}
		case "size":
			j.Int(a.Size())
		case "isInline":
			j.Bool(a.Inline)
		}
	}
	switch kind {
	case "fileAttachment":
		return c.writeFile(j, a, sel)
	case "itemAttachment":
		if nested > 0 {
			return c.writeItem(j, a.Item, nested-1)
		}
	}
	return nil
}

func (c *call) writeFile(j *odata.Writer, a *tenant.Attachment, sel selection) error {
	for _, x := range []struct{ name, value string }{{"contentId", a.ContentID}, {"contentLocation", a.Location}} {
		if sel != nil && !sel.cast(x.name) {
			continue
		}
		j.Name(x.name)
		if x.value == "" {
			j.Null()
		} else {
			j.String(x.value)
		}
	}
	if sel != nil && !sel.cast("contentBytes") {
		return nil
	}
	r, err := c.s.tenant.Blobs.Open(a.Content)
	if err != nil {
		return err
	}
	j.Name("contentBytes")
	return j.Base64(r)
}

// writeItem embeds an attached item, with its own attachments where these are asked for; its id is empty (contract 5.2).
func (c *call) writeItem(j *odata.Writer, m *tenant.Message, nested levels) error {
	j.Name("item")
	j.Open('{')
	j.Name("@odata.type")
	j.String("#microsoft.graph." + orElse(m.Type, "message"))
	j.Name("id")
	j.String("")
	if err := c.writeItemMembers(j, m); err != nil {
		return err
	}
	if nested > 0 {
		j.Name("attachments")
		j.Open('[')
		for i := range m.Attachments {
			j.Open('{')
			if err := c.writeAttachment(j, &m.Attachments[i], strconv.Itoa(i+1), nil, nested-1); err != nil {
				return err
			}
			j.Close('}')
		}
		j.Close(']')
	}
	j.Close('}')
	return nil
}

func (c *call) writeItemMembers(j *odata.Writer, m *tenant.Message) error {
	switch m.Type {
	case typeEvent:
		return c.writeEvent(j, m)
	case typeContact:
		return c.writeContact(j, m)
	}
	for _, p := range messageProps() {
		if p.name == "parentFolderId" || p.name == "webLink" || p.name == "changeKey" || p.name == "uniqueBody" {
			continue
		}
		if p.name == "internetMessageHeaders" && m.Headers.Size == 0 {
			continue
		}
		j.Name(p.name)
		if err := p.write(c, j, m); err != nil {
			return err
		}
	}
	return nil
}

// oneAttachment finds the attachment of the route.
func (c *call) oneAttachment() (*tenant.Message, *tenant.Attachment, error) {
	m, err := c.message()
	if err != nil {
		return nil, nil, err
	}
	a := c.attachment(m)
	if a == nil {
		if _, err := tenant.ParseID(c.args[2]); err != nil {
			return nil, nil, malformedID()
		}
		return nil, nil, itemNotFound()
	}
	return m, a, nil
}

func (c *call) getAttachment() error {
	sel, nested, aerr := c.attachmentOptions()
	if aerr != nil {
		return aerr
	}
	m, a, err := c.oneAttachment()
	if err != nil {
		return err
	}
	return c.replyAttachment(200, m, a, sel, nested)
}

func (c *call) replyAttachment(status int, m *tenant.Message, a *tenant.Attachment, sel selection, nested levels) error {
	return c.json(status, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/messages('" + c.args[1] + "')/attachments/$entity")
		if err := c.writeAttachment(j, a, tenant.AttachmentID(c.user.ID, m, a.Num, c.immutable()), sel, nested); err != nil {
			return err
		}
		j.Close('}')
		return nil
	})
}

// getAttachmentValue streams a file's bytes, or an attached item as MIME; a reference has none (contract 5.1).
func (c *call) getAttachmentValue() error {
	_, a, err := c.oneAttachment()
	if err != nil {
		return err
	}
	if a.Reference != "" {
		return notSupported()
	}
	c.echoPreferences()
	if a.Item != nil {
		c.w.Header().Set("Content-Type", itemType(a.Item))
		return c.writeMIME(a.Item)
	}
	r, err := c.s.tenant.Blobs.Open(a.Content)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", orElse(a.ContentType, "application/octet-stream"))
	c.w.WriteHeader(200)
	_, err = io.Copy(c.w, r)
	return err
}
