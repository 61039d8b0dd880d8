package api

import (
	"context"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// note is what the audit log is to keep of one call, as it becomes known.
type note struct {
	g         *gate
	procedure string
	ctx       context.Context //nolint:containedctx // It says who calls, which is known only after the call was admitted.
	objects   []record.AuditObject
	planOnly  bool
	// owners brings the mailboxes whose mail the call is about; nil when there are none to look for.
	owners chan []record.AuditObject
	// user is who signs in.
	user string
}

const (
	// maxOwners is of how many points one call looks for the mailbox.
	maxOwners = 5
	// ownersWait bounds how long it looks.
	ownersWait = 5 * time.Second
)

// begin starts the note of a call.
func (g *gate) begin(procedure string) *note {
	return &note{g: g, procedure: procedure, ctx: context.Background()}
}

// asked takes what a request is about, and the names of it while they are there.
func (n *note) asked(m any) {
	q, ok := m.(proto.Message)
	if !ok || n.g.Audit == nil {
		return
	}
	if s, ok := m.(*directorv1.SignInRequest); ok {
		n.user = n.g.Auth.Known(s.GetUser())
		return
	}
	if p, ok := m.(interface{ GetPlanOnly() bool }); ok {
		n.planOnly = p.GetPlanOnly()
	}
	n.objects = append(n.objects, objectsIn(q)...)
	n.objects = n.g.Audit.Named(n.objects)
}

// form takes what a download is about.
func (n *note) form(f url.Values) {
	if n.g.Audit == nil {
		return
	}
	for _, kind := range []string{"repository", "point", "folder", "message", "attachment"} {
		for _, id := range f[kind] {
			n.objects = append(n.objects, record.AuditObject{Kind: kind, ID: id})
		}
	}
	n.objects = n.g.Audit.Named(n.objects)
}

// seek begins to look whose mail a call is about that is admitted: requests name points, which say nothing to people.
func (n *note) seek() {
	if n.g.Audit == nil || n.owners != nil || audited[n.procedure] == silent {
		return
	}
	repository, points := n.points()
	if len(points) == 0 {
		return
	}
	n.owners = make(chan []record.AuditObject, 1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.ctx), ownersWait)
	go func() {
		defer cancel()
		n.owners <- n.g.ownersOf(ctx, repository, points)
	}()
}

// points returns the points that a call is about, and their repository, where that is one.
func (n *note) points() (repository record.RepositoryID, points []record.PointID) {
	for _, o := range n.objects {
		switch {
		case o.ID == "" || len(o.ID) > maxID:
		case o.Kind == "point" && len(points) < maxOwners:
			points = append(points, record.PointID(o.ID))
		case o.Kind == "repository" && repository != "" && repository != record.RepositoryID(o.ID):
			return "", nil
		case o.Kind == "repository":
			repository = record.RepositoryID(o.ID)
		}
	}
	if repository == "" {
		return "", nil
	}
	return repository, points
}

// ownersOf returns the mailboxes of points, and their accounts, as far as their Transporter tells.
func (g *gate) ownersOf(ctx context.Context, repository record.RepositoryID, points []record.PointID) []record.AuditObject {
	var list []record.AuditObject
	then := map[string]string{} // what mailboxes were called that are no longer known
	for _, p := range points {
		o, err := g.Depot.Owner(ctx, repository, p)
		if err != nil || o.Mailbox == "" {
			continue // the call itself will say so
		}
		then[string(o.Mailbox)] = o.Name
		list = append(list, record.AuditObject{Kind: "mailbox", ID: string(o.Mailbox)}, record.AuditObject{Kind: "account", ID: string(o.Account)})
	}
	list = g.Audit.Named(list)
	for i := range list {
		if o := &list[i]; o.Kind == "mailbox" && o.Name == "" {
			o.Name = then[o.ID]
		}
	}
	return list
}

// answered takes what a call made. Answers that show mail are not looked at.
func (n *note) answered(m any) {
	if a, ok := m.(proto.Message); ok && audited[n.procedure] == done && n.g.Audit != nil {
		n.objects = append(n.objects, madeIn(a)...)
	}
}

// end writes the note, if the call is one that is kept.
func (n *note) end(err error) {
	if n.g.Audit == nil {
		return
	}
	c := callerOf(n.ctx)
	kind := fault.KindOf(err)
	signIn := allowed[n.procedure] == anyone && audited[n.procedure] != silent
	switch {
	case c.User == "" && !signIn:
		return // whoever has no session has done nothing
	case audited[n.procedure] == silent && (err == nil || kind != fault.Denied):
		return
	}
	if n.owners != nil {
		n.objects = append(<-n.owners, n.objects...) // first: of many objects only the first are kept
	}
	e := record.AuditEntry{
		User: c.User, Role: c.Role, Kind: c.Kind, TokenName: c.TokenName, Session: c.ID, Remote: remoteOf(n.ctx),
		Method: methodOf(n.procedure), PlanOnly: n.planOnly, Objects: distinct(n.objects),
	}
	if signIn {
		e.User = n.user
	}
	if err != nil {
		e.Fault = kind.Error()
	}
	n.g.Audit.Append(n.ctx, e, audited[n.procedure] == shown || err != nil)
}

// nouns are what ids in requests may name, by the last word before "_id".
var nouns = map[string]bool{
	"account": true, "mailbox": true, "transporter": true, "repository": true, "job": true, "run": true, "task": true, "activity": true,
	"point": true, "folder": true, "message": true, "delivery": true, "webhook": true, "session": true, "token": true, "drill": true,
}

// whole are the messages that are something with an id and a name themselves.
var whole = map[protoreflect.Name]string{
	"Account": "account", "Mailbox": "mailbox", "Transporter": "transporter", "Repository": "repository", "Job": "job", "Webhook": "webhook",
	"Drill": "drill", "ApiToken": "token", "User": "user",
}

// byName are the requests whose fields name a user.
var byName = map[protoreflect.Name]protoreflect.Name{
	"CreateUserRequest": "name", "UpdateUserRequest": "name", "ResetUserPasswordRequest": "name", "DeleteUserRequest": "name",
	"SignOutEverywhereRequest": "user",
}

// maxDepth is how deep a request is looked through, maxFound how many objects are taken from it.
const (
	maxDepth = 5
	maxFound = 100_000
)

// objectsIn returns what a request names by id. Nothing else of it is kept.
func objectsIn(m proto.Message) []record.AuditObject {
	var list []record.AuditObject
	r := m.ProtoReflect()
	if field, ok := byName[r.Descriptor().Name()]; ok {
		name := r.Get(r.Descriptor().Fields().ByName(field)).String()
		list = append(list, record.AuditObject{Kind: "user", ID: name, Name: name})
	}
	if q, ok := m.(*directorv1.CreateTokenRequest); ok {
		list = append(list, record.AuditObject{Kind: "token", Name: q.GetName()})
	}
	walk(r, 0, &list)
	return list
}

func walk(m protoreflect.Message, depth int, list *[]record.AuditObject) {
	if depth > maxDepth || len(*list) >= maxFound {
		return
	}
	if o, ok := self(m); ok {
		*list = append(*list, o)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for i := range v.List().Len() {
				walk(v.List().Get(i).Message(), depth+1, list)
			}
		case f.Kind() == protoreflect.MessageKind:
			walk(v.Message(), depth+1, list)
		case f.Kind() == protoreflect.StringKind && kindOf(f) != "":
			if !f.IsList() {
				*list = append(*list, record.AuditObject{Kind: kindOf(f), ID: v.String()})
				break
			}
			for i := range v.List().Len() {
				*list = append(*list, record.AuditObject{Kind: kindOf(f), ID: v.List().Get(i).String()})
			}
		}
		return len(*list) < maxFound
	})
}

// kindOf returns what a field's ids name; empty for other fields.
func kindOf(f protoreflect.FieldDescriptor) string {
	name := strings.TrimSuffix(string(f.Name()), "s")
	name, ok := strings.CutSuffix(name, "_id")
	if !ok || name == "internet_message" {
		return ""
	}
	name = name[strings.LastIndexByte(name, '_')+1:]
	if !nouns[name] {
		return ""
	}
	return name
}

// self returns what a message is, with its id and name.
func self(m protoreflect.Message) (record.AuditObject, bool) {
	kind, ok := whole[m.Descriptor().Name()]
	if !ok {
		return record.AuditObject{}, false
	}
	o := record.AuditObject{Kind: kind}
	fields := m.Descriptor().Fields()
	if f := fields.ByName("id"); f != nil {
		o.ID = m.Get(f).String()
	}
	if f := fields.ByName("name"); f != nil {
		o.Name = m.Get(f).String()
	}
	if o.ID == "" {
		o.ID = o.Name
	}
	return o, o.ID != ""
}

// madeIn returns what an answer tells of: what was made or changed, and the activity that was started.
func madeIn(m proto.Message) []record.AuditObject {
	var list []record.AuditObject
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() || f.IsMap():
		case f.Kind() == protoreflect.MessageKind && f.Message().Name() == "Run":
			if r, ok := v.Message().Interface().(*directorv1.Run); ok {
				list = append(list, record.AuditObject{Kind: "run", ID: r.GetId()})
			}
		case f.Kind() == protoreflect.MessageKind:
			if o, ok := self(v.Message()); ok {
				list = append(list, o)
			}
		case f.Kind() == protoreflect.StringKind && (kindOf(f) == "activity" || kindOf(f) == "run"):
			list = append(list, record.AuditObject{Kind: kindOf(f), ID: v.String()})
		}
		return true
	})
	return list
}

// distinct returns the objects, each once, with a name if it has one anywhere.
func distinct(list []record.AuditObject) []record.AuditObject {
	type key struct{ kind, id string }
	at := map[key]int{}
	var out []record.AuditObject
	for _, o := range list {
		k := key{o.Kind, o.ID}
		i, ok := at[k]
		switch {
		case !ok:
			at[k] = len(out)
			out = append(out, o)
		case out[i].Name == "":
			out[i].Name = o.Name
		}
	}
	return out
}
