package graph

import (
	"net/url"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// user returns the path of a mailbox under the version root: "/users/{id}".
func user(mailbox mail.MailboxID) string { return "/users/" + escape(string(mailbox)) }

func folderPath(mailbox mail.MailboxID, folder mail.FolderID) string {
	return user(mailbox) + "/mailFolders/" + escape(string(folder))
}

func messagePath(mailbox mail.MailboxID, id mail.MessageID) string {
	return user(mailbox) + "/messages/" + escape(string(id))
}

func attachmentPath(mailbox mail.MailboxID, id mail.MessageID, attachment mail.AttachmentID) string {
	return messagePath(mailbox, id) + "/attachments/" + escape(string(attachment))
}

// escape makes an id safe as one segment of a path: ids are opaque and hold "=", and nothing forbids "/" or "..".
func escape(id string) string {
	if strings.Trim(id, ".") == "" {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}

// query appends OData options, names and values alternating. Dollar signs stay, as Graph's documentation writes them.
func query(path string, options ...string) string {
	var b strings.Builder
	b.WriteString(path)
	sep := byte('?')
	for i := 0; i+1 < len(options); i += 2 {
		b.WriteByte(sep)
		b.WriteString(options[i])
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(options[i+1]), "+", "%20"))
		sep = '&'
	}
	return b.String()
}

// follow checks a link that Graph returned before it is used: it must lead to the Graph root, because the token goes with
// it. The link itself is used as it is (contract 0.3).
func (c *Client) follow(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || !strings.EqualFold(u.Host, c.root.Host) || u.User != nil {
		return "", fault.New(fault.Invalid, "a link leads away from %s and is not followed", c.root.Host)
	}
	return link, nil
}
