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

// folderView is how folders are to be shown.
type folderView struct {
	sel      selection
	tags     []string // extended properties
	children bool
}

func (c *call) folderView() (*folderView, *apiError) {
	sel, aerr := c.folderSelect()
	if aerr != nil {
		return nil, aerr
	}
	v := &folderView{sel: sel}
	exp, err := odata.ParseExpand(c.option("expand"))
	if err != nil {
		return nil, invalidQuery(err)
	}
	for _, e := range exp {
		switch e.Name {
		case "childFolders":
			v.children = true
		case "singleValueExtendedProperties":
			ids, aerr := expandedIDs(e)
			if aerr != nil {
				return nil, aerr
			}
			v.tags = append(v.tags, ids...)
		default:
			return nil, badRequest("Expanding '%s' is not supported here.", e.Name)
		}
	}
	return v, nil
}

// shownFolder is a folder with the children that are shown with it.
type shownFolder struct {
	*tenant.FolderInfo
	children []*tenant.FolderInfo
	more     bool
}

// expandedChildren is the page of an expanded collection (contract 3.2).
const expandedChildren = 10

func (v *folderView) show(mb *tenant.Mailbox, f *tenant.FolderInfo) shownFolder {
	out := shownFolder{FolderInfo: f}
	if !v.children {
		return out
	}
	for _, child := range mb.Children(f.Num) {
		if child.Hidden {
			continue
		}
		if out.more = len(out.children) == expandedChildren; out.more {
			break
		}
		out.children = append(out.children, child)
	}
	return out
}

func (c *call) writeFolder(j *odata.Writer, f shownFolder, v *folderView) {
	c.writeFolderMembers(j, f.FolderInfo, v.sel)
	c.writeFolderTags(j, f.FolderInfo, v.tags)
	if !v.children {
		return
	}
	if f.more {
		j.Name("childFolders@odata.nextLink")
		j.String(c.root() + "/users/" + c.args[0] + "/mailFolders/" + tenant.FolderID(c.user.ID, f.Num) + "/childFolders?$skip=" + itoa(expandedChildren))
	}
	j.Name("childFolders")
	j.Open('[')
	for _, child := range f.children {
		j.Open('{')
		c.writeFolderMembers(j, child, nil)
		j.Close('}')
	}
	j.Close(']')
}

// writeFolderTags knows PR_CONTAINER_CLASS (contract 4.9).
func (c *call) writeFolderTags(j *odata.Writer, f *tenant.FolderInfo, tags []string) {
	for _, id := range tags {
		if id != tagContainer {
			continue
		}
		j.Name("singleValueExtendedProperties")
		j.Open('[')
		writeExtended(j, id, orElse(f.Class, "IPF.Note"))
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
	v, aerr := c.folderView()
	if aerr != nil {
		return aerr
	}
	filter, err := odata.ParseFilter(c.option("filter"))
	if err != nil {
		return invalidQuery(err)
	}
	hidden := strings.EqualFold(c.option("includeHiddenFolders"), "true")
	var folders []shownFolder
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
				folders = append(folders, v.show(mb, f))
			}
		}
		return nil
	}); err != nil {
		return err
	}
	context := "users('" + c.args[0] + "')/mailFolders"
	return c.list(context, p, len(folders), func(j *odata.Writer, i int) error {
		j.Open('{')
		c.writeFolder(j, folders[i], v)
		j.Close('}')
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
	v, aerr := c.folderView()
	if aerr != nil {
		return aerr
	}
	var f shownFolder
	if err := c.view(func(mb *tenant.Mailbox) *apiError {
		info, aerr := findFolder(mb, c.args[1])
		if aerr == nil {
			f = v.show(mb, info)
		}
		return aerr
	}); err != nil {
		return err
	}
	return c.replyFolder(200, f, v)
}

// replyWritten answers with a folder that was made or changed.
func (c *call) replyWritten(status int, f *tenant.FolderInfo) error {
	return c.replyFolder(status, shownFolder{FolderInfo: f}, &folderView{})
}

func (c *call) replyFolder(status int, f shownFolder, v *folderView) error {
	return c.json(status, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/mailFolders/$entity")
		c.writeFolder(j, f, v)
		j.Close('}')
		return nil
	})
}
