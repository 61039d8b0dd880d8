package graphsim

import (
	"net/http"
	"strings"

	"holdfast/test/graphsim/internal/tenant"
)

// route is one operation: the pattern of its path below the version, with "*" for keys.
type route struct {
	pattern []string
	kind    string   // its name in counters and faults
	roles   []string // one of them is needed
	mail    bool     // needs a mailbox, and counts against its limits
	handle  func(*call) error
}

// routes by method. Messages below a folder are folded onto messages of the mailbox before the look-up; so are nested
// childFolders onto mailFolders.
func routes() map[string][]route {
	read := []string{"Mail.Read", "Mail.ReadWrite"}
	write := []string{"Mail.ReadWrite"}
	dir := []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}
	out := map[string][]route{}
	add := func(method, pattern, kind string, roles []string, mail bool, h func(*call) error) {
		out[method] = append(out[method], route{strings.Split(pattern, "/"), kind, roles, mail, h})
	}
	get := func(pattern, kind string, h func(*call) error) { add("GET", "users/*/"+pattern, kind, read, true, h) }
	post := func(pattern, kind string, h func(*call) error) { add("POST", "users/*/"+pattern, kind, write, true, h) }

	add("GET", "users", "users.list", dir, false, (*call).listUsers)
	add("GET", "users/delta", "users.delta", dir, false, (*call).deltaUsers)
	add("GET", "users/*", "users.get", dir, false, (*call).getUser)
	add("GET", "users/*/mailboxSettings", "mailboxSettings", []string{"MailboxSettings.Read", "MailboxSettings.ReadWrite"}, true, (*call).getMailboxSettings)
	add("GET", "users/*/mailboxSettings/userPurpose", "mailboxSettings", []string{"MailboxSettings.Read", "MailboxSettings.ReadWrite"}, true, (*call).getMailboxSettings)
	add("POST", "$batch", "batch", nil, false, (*call).batch)
	post("translateExchangeIds", "translateExchangeIds", (*call).translateIDs)

	get("mailFolders", "folders.list", (*call).listRootFolders)
	get("mailFolders/delta", "folders.delta", (*call).deltaFolders)
	get("mailFolders/*", "folders.get", (*call).getFolder)
	get("mailFolders/*/childFolders", "folders.children", (*call).listChildFolders)
	post("mailFolders", "folders.create", (*call).createRootFolder)
	post("mailFolders/*/childFolders", "folders.create", (*call).createChildFolder)
	post("mailFolders/*/move", "folders.move", (*call).moveFolder)
	post("mailFolders/*/copy", "folders.copy", (*call).copyFolder)
	post("mailFolders/*/permanentDelete", "folders.permanentDelete", (*call).purgeFolder)
	add("PATCH", "users/*/mailFolders/*", "folders.update", write, true, (*call).updateFolder)
	add("DELETE", "users/*/mailFolders/*", "folders.delete", write, true, (*call).deleteFolder)

	get("messages", "messages.list", (*call).listMessages)
	get("mailFolders/*/messages", "messages.list", (*call).listMessages)
	get("messages/$count", "messages.count", (*call).countMessages)
	get("mailFolders/*/messages/$count", "messages.count", (*call).countMessages)
	get("mailFolders/*/messages/delta", "messages.delta", (*call).deltaMessages)
	get("messages/*", "messages.get", (*call).getMessage)
	get("messages/*/$value", "messages.mime", (*call).getMIME)
	post("messages", "messages.create", (*call).createMessage)
	post("mailFolders/*/messages", "messages.create", (*call).createMessage)
	post("messages/*/move", "messages.move", (*call).moveMessage)
	post("messages/*/copy", "messages.copy", (*call).copyMessage)
	post("messages/*/permanentDelete", "messages.permanentDelete", (*call).purgeMessage)
	add("PATCH", "users/*/messages/*", "messages.update", write, true, (*call).updateMessage)
	add("DELETE", "users/*/messages/*", "messages.delete", write, true, (*call).deleteMessage)

	get("messages/*/attachments", "attachments.list", (*call).listAttachments)
	get("messages/*/attachments/*", "attachments.get", (*call).getAttachment)
	get("messages/*/attachments/*/$value", "attachments.value", (*call).getAttachmentValue)
	post("messages/*/attachments", "attachments.create", (*call).createAttachment)
	post("messages/*/attachments/createUploadSession", "attachments.createSession", (*call).createUploadSession)
	add("DELETE", "users/*/messages/*/attachments/*", "attachments.delete", write, true, (*call).deleteAttachment)
	return out
}

// route finds the operation and fills in kind, args and user.
func (c *call) route(segs []string) (*route, error) {
	c.kind = "unknown"
	segs = c.fold(segs)
	for i := range c.s.routes[c.r.Method] {
		rt := &c.s.routes[c.r.Method][i]
		args, ok := match(rt.pattern, segs)
		if !ok {
			continue
		}
		c.kind, c.args = rt.kind, args
		if c.folder != "" && c.kind == "messages.mime" {
			return nil, notSupported() // contract 4.3: only /messages/{id}/$value works
		}
		if len(args) > 0 && segs[0] == "users" {
			c.s.tenant.View(func(st *tenant.State) { c.user = st.User(args[0]) })
		}
		return rt, nil
	}
	for method := range c.s.routes {
		for i := range c.s.routes[method] {
			if _, ok := match(c.s.routes[method][i].pattern, segs); ok {
				return nil, notSupported()
			}
		}
	}
	if len(segs) > 0 && segs[0] == "me" {
		return nil, badRequest("/me request is only valid with delegated authentication flow.")
	}
	return nil, badRequest("Resource not found for the segment '%s'.", segs[len(segs)-1])
}

// fold rewrites .../childFolders/{b} to mailFolders/{b}, and mailFolders/{f}/messages/{m}... to messages/{m}...
func (c *call) fold(segs []string) []string {
	for len(segs) > 5 && segs[0] == "users" && segs[2] == "mailFolders" && segs[4] == "childFolders" {
		segs = append([]string{"users", segs[1], "mailFolders"}, segs[5:]...)
	}
	if len(segs) > 5 && segs[0] == "users" && segs[2] == "mailFolders" && segs[4] == "messages" &&
		segs[5] != "delta" && segs[5] != "$count" {
		c.folder = segs[3]
		segs = append([]string{"users", segs[1], "messages"}, segs[5:]...)
	}
	return segs
}

func match(pattern, segs []string) ([]string, bool) {
	if len(pattern) != len(segs) {
		return nil, false
	}
	var args []string
	for i, p := range pattern {
		switch {
		case p == "*":
			args = append(args, segs[i])
		case !strings.EqualFold(p, segs[i]):
			return nil, false
		}
	}
	return args, true
}

// items are the ids that a fault may name this request's item by.
func (c *call) items() []string {
	if len(c.args) < 2 {
		return nil
	}
	ids := append([]string(nil), c.args[1:]...)
	if m, err := c.message(); err == nil {
		ids = append(ids, m.InternetMessageID, tenant.MessageID(c.user.ID, m.UID, m.Moves, true))
	}
	return ids
}

// contentSize of the attachment or message asked for, for faults that spare small ones.
func (c *call) contentSize() int64 {
	if c.r.Method != http.MethodGet || len(c.args) < 2 {
		return 0
	}
	m, err := c.message()
	if err != nil {
		return 0
	}
	if len(c.args) > 2 {
		if a := c.attachment(m); a != nil {
			return a.Size()
		}
	}
	return m.Size()
}
