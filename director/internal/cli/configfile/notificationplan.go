package configfile

import (
	"context"
	"maps"
	"net/textproto"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func (p *planner) notifications() error {
	want := p.file.Notifications
	if want == nil {
		return nil
	}
	old, err := exportNotifications(p.state.Notifications)
	if err != nil {
		return err
	}
	step := Step{Action: Change, Section: "notifications", Changes: compare(fields(old.open()), fields(want.open()))}
	send := map[string]bool{}
	if err := p.mailPassword(&step, old.Mail, want.Mail, send); err != nil {
		return err
	}
	webhooks := slices.Clone(want.Webhooks)
	byName(webhooks, (*Webhook).name)
	for i := range webhooks {
		if err := p.webhook(&step, old, &webhooks[i], send); err != nil {
			return err
		}
	}
	for _, w := range old.Webhooks {
		if i := slices.IndexFunc(webhooks, func(x Webhook) bool { return key(x.Name) == key(w.Name) }); i < 0 {
			step.Changes = append(step.Changes, Difference{Field: "webhook " + w.Name, Old: w.URL})
		}
	}
	if len(step.Changes) == 0 {
		return nil
	}
	step.run = func(ctx context.Context, r *runner) error {
		_, err := r.UpdateNotificationSettings(ctx, &pb.UpdateNotificationSettingsRequest{
			Settings: want.message(r, webhooks, p.state.Notifications, send),
		})
		return err
	}
	p.add(step)
	return nil
}

// mailPassword finds out whether the password must be sent, under the name "mail".
func (p *planner) mailPassword(step *Step, old, want *Mail, send map[string]bool) error {
	if want == nil || want.User == "" {
		return nil
	}
	kept := old != nil && old.Password != nil && old.server() == want.server()
	if kept && (!p.RenewSecrets || want.Password == nil) {
		return nil
	}
	if want.Password == nil {
		return invalid("notifications.mail: no password is kept for this server, user and protection; say where it is, with password")
	}
	if kept {
		step.Changes = append(step.Changes, renewed("mail.password"))
	} else {
		step.Changes = append(step.Changes, Difference{Field: "mail.password", New: "(set)"})
	}
	send["mail"] = true
	step.need(want.Password)
	return nil
}

// webhook finds out what differs, and which of its secrets must be sent, under its name and that of the header.
func (p *planner) webhook(step *Step, settings *Notifications, want *Webhook, send map[string]bool) error {
	label := "webhook " + want.Name + "."
	old := Webhook{}
	i := slices.IndexFunc(settings.Webhooks, func(x Webhook) bool { return key(x.Name) == key(want.Name) })
	var was []field
	if i >= 0 {
		old = settings.Webhooks[i]
		was = fields(old.open())
	}
	for _, d := range compare(was, fields(want.open())) {
		d.Field = label + d.Field
		step.Changes = append(step.Changes, d)
	}
	same := i >= 0 && old.place() == want.place()
	secret := func(what string, had bool, ref *Ref) {
		switch {
		case ref == nil, had && same && !p.RenewSecrets:
			return
		case had && same:
			step.Changes = append(step.Changes, renewed(label+what))
		default:
			step.Changes = append(step.Changes, Difference{Field: label + what, New: "(set)"})
		}
		send[key(want.Name)+" "+what] = true
		step.need(ref)
	}
	if old.Secret != nil && want.Secret == nil && !same {
		return invalid("notifications: the secret of the webhook %q is for another address; say where the new one is, with secret", want.Name)
	}
	secret("secret", old.Secret != nil, want.Secret)
	var now []string
	for _, h := range slices.Sorted(maps.Keys(want.Headers)) {
		ref, name := want.Headers[h], textproto.CanonicalMIMEHeaderKey(h)
		_, had := old.Headers[name]
		secret("headers."+name, had, &ref)
		now = append(now, name)
	}
	for _, h := range slices.Sorted(maps.Keys(old.Headers)) {
		if !slices.Contains(now, h) {
			step.Changes = append(step.Changes, Difference{Field: label + "headers." + h, Old: "(set)"})
		}
	}
	return nil
}

func (n *Notifications) message(r *runner, webhooks []Webhook, old *pb.NotificationSettings, send map[string]bool) *pb.NotificationSettings {
	out := &pb.NotificationSettings{
		Reports: n.Reports.message(), Recoveries: pb.ReportWhen(asked.number(n.Recoveries)),
		Maintenance: pb.ReportWhen(asked.number(n.Maintenance)), PublicUrl: n.PublicURL,
	}
	if m := n.Mail; m != nil {
		out.Mail = &pb.MailServer{
			Host: m.Host, Port: m.Port, Security: pb.MailSecurity(mailSecurity.number(m.Security)), Login: pb.MailLogin(mailLogin.number(m.Login)),
			User: m.User, CaPem: []byte(m.CAPEM), From: m.From, Hello: m.Hello, TimeoutSeconds: m.TimeoutSeconds,
		}
		if send["mail"] {
			out.Mail.Password = oneLine(r.secret(m.Password))
		}
	}
	for _, w := range webhooks {
		was, _ := find(old.GetWebhooks(), w.Name)
		one := &pb.Webhook{
			Id: was.GetId(), Name: w.Name, Url: w.URL, When: pb.ReportWhen(told.number(w.When)), CaPem: []byte(w.CAPEM), TimeoutSeconds: w.TimeoutSeconds,
		}
		if send[key(w.Name)+" secret"] {
			one.Secret = oneLine(r.secret(w.Secret))
		}
		for h, ref := range w.Headers {
			h = textproto.CanonicalMIMEHeaderKey(h)
			if one.Headers == nil {
				one.Headers = map[string]string{}
			}
			one.Headers[h] = ""
			if send[key(w.Name)+" headers."+h] {
				one.Headers[h] = oneLine(r.secret(&ref))
			}
		}
		out.Webhooks = append(out.Webhooks, one)
	}
	return out
}
