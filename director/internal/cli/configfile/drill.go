package configfile

import (
	"context"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Drill is a recovery drill: messages of a job's backups, recovered into a test mailbox and compared.
type Drill struct {
	Name string `yaml:"name"`
	Job  string `yaml:"job"`
	// Of are the mailboxes that are tried; all of the job when left out.
	Of []Mailbox `yaml:"of,omitempty"`
	// Mailboxes is of how many at a time, 3 when left out; Messages how many of each, 20 when left out.
	Mailboxes int32 `yaml:"mailboxes,omitempty"`
	Messages  int32 `yaml:"messages,omitempty"`
	// Target is the test mailbox.
	Target Mailbox `yaml:"target"`
	// Enabled drills start by their schedules.
	Enabled   bool       `yaml:"enabled"`
	Schedules []Schedule `yaml:"schedules,omitempty"`
}

// What the Director takes for 0.
const (
	defaultDrillMailboxes = 3
	defaultDrillMessages  = 20
)

func (d *Drill) name() string { return d.Name }

func (d *Drill) check() error {
	if d.Job == "" || d.Target.Account == "" || d.Target.Mailbox == "" {
		return invalid("job and target, with account and mailbox, are needed")
	}
	for _, m := range d.Of {
		if m.Account == "" || m.Mailbox == "" {
			return invalid("each line of of names an account and a mailbox")
		}
	}
	for _, s := range d.Schedules {
		if s.After != nil {
			return invalid("schedules: a drill follows no job")
		}
	}
	return checkSchedules("schedules", d.Schedules)
}

// normal writes what means the same in the same way.
func (d Drill) normal(n *names) Drill {
	d.Job, d.Target, d.Of = n.jobs.canonical(d.Job), d.Target.normal(n), normalMailboxes(d.Of, n)
	slices.SortFunc(d.Of, Mailbox.compare)
	d.Of = slices.Compact(d.Of)
	if d.Mailboxes == 0 {
		d.Mailboxes = defaultDrillMailboxes
	}
	if d.Messages == 0 {
		d.Messages = defaultDrillMessages
	}
	d.Schedules = normalSchedules(d.Schedules, n)
	return d
}

func exportDrill(p *pb.Drill, n *names) Drill {
	d := Drill{
		Name: p.GetName(), Job: n.jobs.name(p.GetJobId()), Mailboxes: p.GetMailboxes(), Messages: p.GetMessages(), Enabled: p.GetEnabled(),
		Target:    Mailbox{n.accounts.name(p.GetAccountId()), n.mailbox(p.GetAccountId(), p.GetMailboxId())},
		Schedules: exportSchedules(p.GetSchedules(), n),
	}
	for _, id := range p.GetMailboxIds() {
		account := n.accountOf(id, p.GetAccountId())
		d.Of = append(d.Of, Mailbox{n.accounts.name(account), n.mailbox(account, id)})
	}
	return d.normal(n)
}

func (p *planner) drills(list []Drill) error {
	list = slices.Clone(list)
	byName(list, (*Drill).name)
	for _, want := range list {
		if err := p.drill(want); err != nil {
			return invalid("drill %q: %w", want.Name, err)
		}
	}
	return nil
}

func (p *planner) drill(want Drill) error {
	if err := p.names.jobs.referred(want.Job); err != nil {
		return err
	}
	for _, m := range slices.Concat(want.Of, []Mailbox{want.Target}) {
		if err := p.referredMailbox(m); err != nil {
			return err
		}
	}
	old, there := find(p.state.Drills, want.Name)
	step := Step{Action: Create, Section: "drills", Name: want.Name}
	var was []field
	if there {
		step.Action, was = Change, fields(exportDrill(old, p.names))
	}
	if step.Changes = compare(was, fields(want.normal(p.names))); there && len(step.Changes) == 0 {
		return nil
	}
	step.run = func(ctx context.Context, r *runner) error {
		m, err := want.message(r.names)
		if err != nil {
			return err
		}
		if m.Id = old.GetId(); there {
			_, err = r.UpdateDrill(ctx, &pb.UpdateDrillRequest{Drill: m})
		} else {
			_, err = r.CreateDrill(ctx, &pb.CreateDrillRequest{Drill: m})
		}
		return err
	}
	p.add(step)
	return nil
}

// message is the drill for the API. What it names must be there.
func (d *Drill) message(n *names) (*pb.Drill, error) {
	out := &pb.Drill{Name: d.Name, Mailboxes: d.Mailboxes, Messages: d.Messages, Enabled: d.Enabled}
	var err error
	if out.JobId, err = n.jobs.id(d.Job); err != nil {
		return nil, err
	}
	if out.AccountId, out.MailboxId, err = n.both(d.Target.Account, d.Target.Mailbox); err != nil {
		return nil, err
	}
	for _, m := range d.Of {
		_, id, err := n.both(m.Account, m.Mailbox)
		if err != nil {
			return nil, err
		}
		out.MailboxIds = append(out.MailboxIds, id)
	}
	out.Schedules, err = scheduleMessages(d.Schedules, n)
	return out, err
}
