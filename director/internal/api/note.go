package api

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"holdfast/director/internal/audit"
	"holdfast/director/internal/depot"
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
	lasting   bool // a stream, or a download
	// places are the points that it is about, each once; more is how many there were beyond maxPlaces.
	places []pointPlace
	more   int
	// owners are the mailboxes of places, as far as they are known.
	owners map[pointPlace]depot.Owner
	// admitted is set when the call was let in and made sense.
	admitted bool
	// user is who signs in.
	user string
}

// pointPlace is a point, and the repository that it is in.
type pointPlace struct {
	repository record.RepositoryID
	point      record.PointID
}

const (
	// maxPlaces is of how many points one call is looked for the mailbox.
	maxPlaces = audit.MaxMailboxes
	// ownersWait bounds how long is looked.
	ownersWait = 5 * time.Second
)

// notKnown is what the log says in place of a mailbox that could not be found out.
const notKnown = "that is not known"

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
	n.pointsIn(q.ProtoReflect(), "", 0)
}

// pointsIn takes the points that a request names, each with the repository that is named beside it, or around it.
func (n *note) pointsIn(m protoreflect.Message, repository string, depth int) {
	if depth > maxDepth {
		return
	}
	fields := m.Descriptor().Fields()
	if f := fields.ByName("repository_id"); f != nil && f.Kind() == protoreflect.StringKind && m.Get(f).String() != "" {
		repository = m.Get(f).String()
	}
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsMap() || !m.Has(f):
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for k := range m.Get(f).List().Len() {
				n.pointsIn(m.Get(f).List().Get(k).Message(), repository, depth+1)
			}
		case f.Kind() == protoreflect.MessageKind:
			n.pointsIn(m.Get(f).Message(), repository, depth+1)
		case f.Kind() != protoreflect.StringKind || kindOf(f) != "point":
		case f.IsList():
			for k := range m.Get(f).List().Len() {
				n.at(repository, m.Get(f).List().Get(k).String())
			}
		default:
			n.at(repository, m.Get(f).String())
		}
	}
}

// form takes what a download is about: of what there is one, the first, as the download does.
func (n *note) form(f url.Values) {
	if n.g.Audit == nil {
		return
	}
	for _, kind := range []string{"repository", "point"} {
		if id := f.Get(kind); id != "" {
			n.objects = append(n.objects, record.AuditObject{Kind: kind, ID: id})
		}
	}
	for _, kind := range []string{"folder", "message", "attachment"} {
		for _, id := range f[kind] {
			n.objects = append(n.objects, record.AuditObject{Kind: kind, ID: id})
		}
	}
	n.at(f.Get("repository"), f.Get("point"))
	n.objects = n.g.Audit.Named(n.objects)
	n.admitted = true
}

// at takes a point that the call is about.
func (n *note) at(repository, point string) {
	p := pointPlace{record.RepositoryID(repository), record.PointID(point)}
	switch {
	case repository == "" || point == "" || len(repository) > maxID || len(point) > maxID || slices.Contains(n.places, p):
	case len(n.places) == maxPlaces:
		n.more++
	default:
		n.places = append(n.places, p)
	}
}

// seek looks whose mail the points hold that a call is about: requests name points, which say nothing to people.
func (n *note) seek() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.ctx), ownersWait)
	defer cancel()
	for _, p := range n.places {
		if _, ok := n.owners[p]; ok {
			continue
		}
		o, err := n.g.Depot.Owner(ctx, p.repository, p.point)
		if ctx.Err() != nil {
			return
		}
		if err != nil || o.Mailbox == "" {
			continue // another of them may be known
		}
		if n.owners == nil {
			n.owners = map[pointPlace]depot.Owner{}
		}
		n.owners[p] = o
	}
}

// owned returns the mailboxes whose mail the call is about, and their accounts.
func (n *note) owned(succeeded bool) []record.AuditObject {
	var mailboxes, accounts []record.AuditObject
	for _, p := range n.places {
		o, ok := n.owners[p]
		if !ok {
			continue
		}
		both := n.g.Audit.Named([]record.AuditObject{{Kind: "mailbox", ID: string(o.Mailbox)}, {Kind: "account", ID: string(o.Account)}})
		if both[0].Name == "" {
			both[0].Name = o.Name
		}
		mailboxes, accounts = append(mailboxes, both[0]), append(accounts, both[1])
	}
	if succeeded && (len(n.owners) < len(n.places) || n.more > 0) {
		mailboxes = append(mailboxes, record.AuditObject{Kind: "mailbox", Name: notKnown})
	}
	return append(mailboxes, accounts...)
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
	if n.admitted && len(n.places) > 0 {
		if err == nil || n.lasting { // what broke off has shown what came before
			n.seek()
		}
		n.objects = append(n.owned(err == nil), n.objects...)
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
