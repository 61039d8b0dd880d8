package graphsim

import (
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// folderProps of contract 3.1. wellKnownName is beta only.
var folderProps = []string{
	"id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden", "wellKnownName",
}

func (c *call) knownFolderProp(name string) bool {
	if name == "wellKnownName" {
		return c.version == "beta"
	}
	for _, p := range folderProps {
		if p == name {
			return true
		}
	}
	return false
}

func (c *call) folderSelect() (selection, *apiError) {
	return c.selected(c.knownFolderProp, "microsoft.graph.mailFolder")
}

// writeFolderMembers writes what goes inside the braces.
func (c *call) writeFolderMembers(j *odata.Writer, f *tenant.FolderInfo, sel selection) {
	if f.Search {
		j.Name("@odata.type")
		j.String("#microsoft.graph.mailSearchFolder")
	}
	mailbox := c.user.ID
	put := func(name string, write func()) {
		if name == "id" || sel == nil || sel[name] {
			j.Name(name)
			write()
		}
	}
	put("id", func() { j.String(tenant.FolderID(mailbox, f.Num)) })
	put("displayName", func() { j.String(f.Name) })
	put("parentFolderId", func() {
		if f.Parent == 0 {
			j.Null()
			return
		}
		j.String(tenant.FolderID(mailbox, f.Parent))
	})
	put("childFolderCount", func() { j.Int(int64(f.Children)) })
	put("unreadItemCount", func() { j.Int(int64(f.Unread)) })
	put("totalItemCount", func() { j.Int(int64(f.Total)) })
	put("isHidden", func() { j.Bool(f.Hidden) })
	if c.version == "beta" {
		put("wellKnownName", func() {
			if f.Role == "" {
				j.Null()
				return
			}
			j.String(f.Role)
		})
	}
	if f.Search && sel == nil {
		j.Name("isSupported")
		j.Bool(true)
		j.Name("includeNestedFolders")
		j.Bool(true)
		j.Name("sourceFolderIds")
		j.Open('[')
		j.Close(']')
		j.Name("filterQuery")
		j.String("isRead eq false")
	}
}

func (c *call) writeFolder(j *odata.Writer, f *tenant.FolderInfo, sel selection, tags []string) {
	j.Open('{')
	c.writeFolderMembers(j, f, sel)
	c.writeFolderTags(j, f, tags)
	j.Close('}')
}

// folderTags are extended properties asked for in an $expand of folders.
func (c *call) folderTags() ([]string, *apiError) {
	exp, err := odata.ParseExpand(c.option("expand"))
	if err != nil {
		return nil, invalidQuery(err)
	}
	var tags []string
	for _, e := range exp {
		if e.Name != "singleValueExtendedProperties" {
			return nil, badRequest("Expanding '%s' is not supported here.", e.Name)
		}
		ids, aerr := expandedIDs(e)
		if aerr != nil {
			return nil, aerr
		}
		tags = append(tags, ids...)
	}
	return tags, nil
}

// writeFolderTags knows PR_CONTAINER_CLASS (contract 4.9).
func (c *call) writeFolderTags(j *odata.Writer, f *tenant.FolderInfo, tags []string) {
	for _, id := range tags {
		if id != "String 0x3613" {
			continue
		}
		class := f.Class
		if class == "" {
			class = "IPF.Note"
		}
		j.Name("singleValueExtendedProperties")
		j.Open('[')
		writeExtended(j, id, class)
		j.Close(']')
	}
}

func (c *call) listRootFolders() error {
	return c.listFolders("msgfolderroot")
}

func (c *call) listChildFolders() error { return c.listFolders(c.args[1]) }

// listFolders lists direct children only, ten a page, without hidden ones unless asked for (contract 3.2).
func (c *call) listFolders(parent string) error {
	p, aerr := c.paging(10, 1000)
	if aerr != nil {
		return aerr
	}
	sel, aerr := c.folderSelect()
	if aerr != nil {
		return aerr
	}
	tags, aerr := c.folderTags()
	if aerr != nil {
		return aerr
	}
	filter, err := odata.ParseFilter(c.option("filter"))
	if err != nil {
		return invalidQuery(err)
	}
	hidden := strings.EqualFold(c.query.Get("includeHiddenFolders"), "true")
	var folders []*tenant.FolderInfo
	if err := c.view(func(mb *tenant.Mailbox) *apiError {
		top, aerr := findFolder(mb, parent)
		if aerr != nil {
			return aerr
		}
		for _, f := range mb.Children(top.Num) {
			ok, err := filter.Match(folderObject{f})
			if err != nil {
				return invalidQuery(err)
			}
			if ok && (hidden || !f.Hidden) {
				folders = append(folders, f)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	context := "users('" + c.args[0] + "')/mailFolders"
	return c.list(context, p, len(folders), func(j *odata.Writer, i int) error {
		c.writeFolder(j, folders[i], sel, tags)
		return nil
	})
}

type folderObject struct{ *tenant.FolderInfo }

func (o folderObject) Value(path string) (any, bool) {
	switch path {
	case "displayName":
		return o.Name, true
	case "isHidden":
		return o.Hidden, true
	case "totalItemCount":
		return int64(o.Total), true
	case "unreadItemCount":
		return int64(o.Unread), true
	}
	return nil, false
}

func (o folderObject) Any(string) ([]odata.Object, bool) { return nil, false }

func (c *call) getFolder() error {
	sel, aerr := c.folderSelect()
	if aerr != nil {
		return aerr
	}
	tags, aerr := c.folderTags()
	if aerr != nil {
		return aerr
	}
	var f *tenant.FolderInfo
	if err := c.view(func(mb *tenant.Mailbox) (aerr *apiError) {
		f, aerr = findFolder(mb, c.args[1])
		return aerr
	}); err != nil {
		return err
	}
	return c.replyFolder(200, f, sel, tags)
}

func (c *call) replyFolder(status int, f *tenant.FolderInfo, sel selection, tags []string) error {
	return c.json(status, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/mailFolders/$entity")
		c.writeFolderMembers(j, f, sel)
		c.writeFolderTags(j, f, tags)
		j.Close('}')
		return nil
	})
}
