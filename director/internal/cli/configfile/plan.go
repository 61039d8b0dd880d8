package configfile

import "context"

// Action is what a step does.
type Action string

// The actions.
const (
	Create Action = "create"
	// Attach brings in a repository that is on its disk already.
	Attach Action = "attach"
	Change Action = "change"
	// Delete takes out of the inventory; data stays.
	Delete Action = "delete"
)

// Options of a plan.
type Options struct {
	// Prune deletes what the sections of the file do not name. Never data, and never Transporters.
	Prune bool
	// RenewSecrets sends all secrets that the file refers to.
	RenewSecrets bool
	// Attach takes new repositories for folders that hold one already.
	Attach bool
	// SkipTest saves accounts without testing them.
	SkipTest bool
}

// Step is one thing to do.
type Step struct {
	Action  Action       `json:"action"`
	Section string       `json:"section"`
	Name    string       `json:"name,omitempty"`
	Changes []Difference `json:"changes,omitempty"`
	// Warning is what a person should know first.
	Warning string `json:"warning,omitempty"`
	// Secrets are what must be there to do it.
	Secrets []string `json:"secrets,omitempty"`

	needs []Ref
	run   func(context.Context, *runner) error
}

// String names the step: `create job "Daily"`.
func (s *Step) String() string {
	what := map[string]string{
		"transporters": "Transporter", "accounts": "account", "repositories": "repository", "jobs": "job", "drills": "drill",
		"notifications": "notification settings", "history": "history", "backup": "backup of the Director",
	}[s.Section]
	if s.Name == "" {
		return string(s.Action) + " " + what
	}
	return string(s.Action) + " " + what + " \"" + s.Name + "\""
}

func (s *Step) need(refs ...*Ref) {
	for _, r := range refs {
		if r != nil {
			s.needs, s.Secrets = append(s.needs, *r), append(s.Secrets, r.String())
		}
	}
}

// Plan is what makes a Director as the file says, in an order in which it can be done.
type Plan struct {
	Steps []Step `json:"steps"`
	names *names
}

type planner struct {
	Options
	file  *File
	state *State
	// names of what is there and of what will be; what is not there yet has no id.
	names *names
	// mailboxesOf are the accounts, by key, of which jobs and drills of the file name mailboxes.
	mailboxesOf map[string]bool
	steps       []Step
}

func (p *planner) add(s Step) { p.steps = append(p.steps, s) }

// Diff finds what is to be done. Invalid when the file asks for what cannot be.
func Diff(f *File, s *State, o Options) (*Plan, error) {
	real, err := namesOf(s)
	if err != nil {
		return nil, err
	}
	p := &planner{Options: o, file: f, state: s, mailboxesOf: f.mailboxAccounts()}
	if p.names, err = namesOf(s); err != nil {
		return nil, err
	}
	for _, x := range f.Accounts {
		p.names.accounts.shown[key(x.Name)] = x.Name
	}
	for _, x := range f.Repositories {
		p.names.repositories.shown[key(x.Name)] = x.Name
	}
	for _, x := range f.Jobs {
		p.names.jobs.shown[key(x.Name)] = x.Name
	}
	for _, do := range []func() error{
		func() error { return p.transporters(f.Transporters) },
		func() error { return p.accounts(f.Accounts) },
		func() error { return p.repositories(f.Repositories) },
		func() error { return p.jobs(f.Jobs) },
		func() error { return p.drills(f.Drills) },
		p.notifications, p.history, p.backup, p.prune,
	} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	return &Plan{Steps: p.steps, names: real}, nil
}
