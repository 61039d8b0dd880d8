package graphsim

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// Extended properties (contract 4.9): MAPI properties by "Integer 0x0E07" or "String {guid} Name Foo", values always strings.

const (
	tagFlags        = "Integer 0xe07"
	tagSize         = "Integer 0xe08"
	tagLongSize     = "Long 0xe08"
	tagDelivery     = "SystemTime 0xe06"
	tagSubmit       = "SystemTime 0x39"
	tagHeaders      = "String 0x7d"
	tagMessageID    = "String 0x1035"
	tagClass        = "String 0x1a"
	tagContainer    = "String 0x3613"
	flagRead        = 0x1
	flagUnmodified  = 0x2
	flagUnsent      = 0x8
	flagHasAttach   = 0x10
	flagsWritable   = flagRead | flagUnsent | 0x80
	messageClass    = "IPM.Note"
	meetingClass    = "IPM.Schedule.Meeting.Request"
	maxExtendedSize = 1 << 20
)

var (
	tagID   = regexp.MustCompile(`^(\w+) 0[xX]([0-9A-Fa-f]{1,4})$`)
	namedID = regexp.MustCompile(`^(\w+) \{([0-9A-Fa-f-]{36})\} (Name|Id) (.+)$`)
)

// canonicalID is an id as Graph echoes it: hex in lower case without leading zeros. ok is false for what is none.
func canonicalID(id string) (string, bool) {
	id = strings.TrimSpace(id)
	if m := tagID.FindStringSubmatch(id); m != nil {
		n, err := strconv.ParseUint(m[2], 16, 32)
		return canonicalType(m[1]) + " 0x" + strconv.FormatUint(n, 16), err == nil && canonicalType(m[1]) != ""
	}
	m := namedID.FindStringSubmatch(id)
	if m == nil || canonicalType(m[1]) == "" {
		return "", false
	}
	name := m[4]
	if m[3] == "Id" {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(name), "0x"), 16, 32)
		if err != nil {
			return "", false
		}
		name = "0x" + strconv.FormatUint(n, 16)
	}
	return canonicalType(m[1]) + " {" + strings.ToLower(m[2]) + "} " + m[3] + " " + name, true
}

func canonicalType(t string) string {
	base, array := strings.CutSuffix(strings.ToLower(t), "array")
	for _, known := range []string{
		"Integer", "String", "Boolean", "SystemTime", "Binary", "Long", "Double", "Float", "CLSID", "Short", "Currency", "ApplicationTime",
	} {
		if strings.ToLower(known) == base {
			if array {
				return known + "Array"
			}
			return known
		}
	}
	return ""
}

// extendedValue is what a message has for a canonical id: kept as written, or made from what Exchange computes.
func (c *call) extendedValue(m *tenant.Message, id string) (string, bool) {
	switch id {
	case tagFlags:
		return strconv.Itoa(messageFlags(m)), true
	case tagSize, tagLongSize:
		return strconv.FormatInt(m.Size(), 10), true
	case tagDelivery:
		return m.Received.Format(timeLayout), !m.Received.IsZero()
	case tagSubmit:
		return m.Sent.Format(timeLayout), !m.Sent.IsZero()
	case tagMessageID:
		return m.InternetMessageID, m.InternetMessageID != ""
	case tagHeaders:
		p, err := c.s.tenant.Blobs.Read(m.Headers)
		return strings.ReplaceAll(string(p), "\n", "\r\n"), err == nil && len(p) > 0
	case tagClass:
		if v := m.Single[id]; v != "" {
			return v, true
		}
		if m.Type != "" {
			return meetingClass, true
		}
		return messageClass, true
	}
	v, ok := m.Single[id]
	return v, ok
}

func messageFlags(m *tenant.Message) int {
	n := flagUnmodified
	if m.Read {
		n |= flagRead
	}
	if m.Draft {
		n |= flagUnsent
	}
	if m.HasAttachments() {
		n |= flagHasAttach
	}
	return n
}

// expandedIDs are the canonical ids that an $expand's filter names; without a filter nothing may be expanded.
func expandedIDs(e odata.Expand) ([]string, *apiError) {
	f := strings.TrimSpace(e.Options["$filter"])
	if f == "" {
		return nil, fail(400, "ErrorInvalidRequest", "Expanding extended properties needs a $filter on their id.")
	}
	var ids []string
	for _, part := range splitFold(f, " or ") {
		part = strings.Trim(part, "() ")
		name, lit, ok := strings.Cut(part, " eq ")
		name = afterLast(name, "/")
		lit = strings.TrimSpace(lit)
		if !ok || strings.TrimSpace(name) != "id" || len(lit) < 2 || lit[0] != '\'' || lit[len(lit)-1] != '\'' {
			return nil, fail(400, "ErrorInvalidUrlQueryFilter", "The filter '%s' is not supported: use id eq '…'.", f)
		}
		id, ok := canonicalID(strings.ReplaceAll(lit[1:len(lit)-1], "''", "'"))
		if !ok {
			return nil, fail(400, "ErrorInvalidPropertyId", "The property id '%s' is invalid.", lit)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// afterLast is what follows the last separator; without one, everything.
func afterLast(s, sep string) string {
	return s[strings.LastIndex(s, sep)+1:]
}

func splitFold(s, sep string) []string {
	var out []string
	for {
		i := strings.Index(strings.ToLower(s), sep)
		if i < 0 {
			return append(out, s)
		}
		out = append(out, s[:i])
		s = s[i+len(sep):]
	}
}

func writeExtended(j *odata.Writer, id, value string) {
	j.Open('{')
	j.Name("id")
	j.String(id)
	j.Name("value")
	j.String(value)
	j.Close('}')
}

// writeExpanded writes the members for the ids that the message has; none has no member at all.
func (c *call) writeExpanded(j *odata.Writer, m *tenant.Message, single, multi []string) {
	open := false
	for _, id := range single {
		if v, ok := c.extendedValue(m, id); ok {
			if !open {
				j.Name("singleValueExtendedProperties")
				j.Open('[')
				open = true
			}
			writeExtended(j, id, v)
		}
	}
	if open {
		j.Close(']')
	}
	open = false
	for _, id := range multi {
		if v, ok := m.Multi[id]; ok {
			if !open {
				j.Name("multiValueExtendedProperties")
				j.Open('[')
				open = true
			}
			j.Open('{')
			j.Name("id")
			j.String(id)
			j.Name("value")
			p, err := json.Marshal(v)
			if err != nil {
				p = []byte("[]") // strings: cannot happen
			}
			j.Raw(p)
			j.Close('}')
		}
	}
	if open {
		j.Close(']')
	}
}
