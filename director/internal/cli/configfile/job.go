package configfile

import (
	"cmp"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Job says what is backed up, where to and how.
type Job struct {
	Name    string `yaml:"name"`
	Group   string `yaml:"group,omitempty"`
	Enabled bool   `yaml:"enabled"`
	// Draft is one that is not complete yet.
	Draft bool `yaml:"draft,omitempty"`
	// Source in the order of processing; without mailbox the whole account.
	Source      []Mailbox   `yaml:"source,omitempty"`
	Excluded    []Mailbox   `yaml:"excluded,omitempty"`
	Destination Destination `yaml:"destination,omitempty"`
	Options     JobOptions  `yaml:"options,omitempty"`
	Schedules   []Schedule  `yaml:"schedules,omitempty"`
	// Retention left out keeps everything.
	Retention *Retention `yaml:"retention,omitempty"`
	Before    *Script    `yaml:"before,omitempty"`
	After     *Script    `yaml:"after,omitempty"`
	Reports   *Reports   `yaml:"reports,omitempty"`
}

// Mailbox is one by its address, or all of an account.
type Mailbox struct {
	Account string `yaml:"account"`
	Mailbox string `yaml:"mailbox,omitempty"`
}

func (m Mailbox) normal(n *names) Mailbox {
	return Mailbox{n.accounts.canonical(m.Account), n.canonicalMailbox(m.Account, m.Mailbox)}
}

func (m Mailbox) compare(to Mailbox) int {
	return cmp.Or(cmp.Compare(m.Account, to.Account), cmp.Compare(m.Mailbox, to.Mailbox))
}

func normalMailboxes(list []Mailbox, n *names) []Mailbox {
	var out []Mailbox
	for _, m := range list {
		out = append(out, m.normal(n))
	}
	return out
}

// Destination of a mailbox is the one named for it, else for its account, else the job's.
type Destination struct {
	Repository string  `yaml:"repository,omitempty"`
	Accounts   []Place `yaml:"accounts,omitempty"`
	Mailboxes  []Place `yaml:"mailboxes,omitempty"`
}

// Place is where an account or a mailbox goes.
type Place struct {
	Account    string `yaml:"account"`
	Mailbox    string `yaml:"mailbox,omitempty"`
	Repository string `yaml:"repository"`
}

// JobOptions are as in the API.
type JobOptions struct {
	MaxTasks         int32    `yaml:"max_tasks,omitempty"`
	Transporters     []string `yaml:"transporters,omitempty"`
	EvidenceCopy     bool     `yaml:"evidence_copy,omitempty"`
	RecoverableItems bool     `yaml:"recoverable_items,omitempty"`
	HiddenFolders    bool     `yaml:"hidden_folders,omitempty"`
	Retries          *int32   `yaml:"retries,omitempty"`
	RetryMinutes     int32    `yaml:"retry_minutes,omitempty"`
	// WhenDetached is fail when left out, or wait.
	WhenDetached string `yaml:"when_detached,omitempty"`
}

// Retention says which points stay.
type Retention struct {
	Last    int32  `yaml:"last,omitempty"`
	Daily   int32  `yaml:"daily,omitempty"`
	Weekly  int32  `yaml:"weekly,omitempty"`
	Monthly int32  `yaml:"monthly,omitempty"`
	Yearly  int32  `yaml:"yearly,omitempty"`
	Zone    string `yaml:"zone,omitempty"`
}

// Reports says whom to tell; when is always unless it is said.
type Reports struct {
	Addresses []string `yaml:"addresses,omitempty"`
	When      string   `yaml:"when,omitempty"`
}

var (
	detached = vocabulary{prefix: "WHEN_DETACHED_", values: pb.WhenDetached_value, standard: "fail"}
	// told is for runs, where nothing said means always; asked for the rest, where it means never.
	told  = vocabulary{prefix: "REPORT_WHEN_", values: pb.ReportWhen_value, standard: "always"}
	asked = vocabulary{prefix: "REPORT_WHEN_", values: pb.ReportWhen_value}
)

func (j *Job) name() string { return j.Name }

func (j *Job) check() error {
	for _, m := range slices.Concat(j.Source, j.Excluded) {
		if m.Account == "" {
			return invalid("each line of source and excluded names an account")
		}
	}
	for _, m := range j.Excluded {
		if m.Mailbox == "" {
			return invalid("excluded: name the mailbox of %s", m.Account)
		}
	}
	for _, d := range j.Destination.Accounts {
		if d.Account == "" || d.Repository == "" || d.Mailbox != "" {
			return invalid("destination.accounts: give account and repository")
		}
	}
	for _, d := range j.Destination.Mailboxes {
		if d.Account == "" || d.Repository == "" || d.Mailbox == "" {
			return invalid("destination.mailboxes: give account, mailbox and repository")
		}
	}
	if err := checkSchedules("schedules", j.Schedules); err != nil {
		return err
	}
	if err := detached.check("options.when_detached", j.Options.WhenDetached); err != nil {
		return err
	}
	if err := j.Reports.check("reports.when"); err != nil {
		return err
	}
	if err := j.Before.check("before"); err != nil {
		return err
	}
	return j.After.check("after")
}

func (r *Reports) check(field string) error {
	if r == nil {
		return nil
	}
	return told.check(field, r.When)
}

func exportReports(p *pb.Reports) *Reports {
	return (&Reports{Addresses: p.GetAddresses(), When: told.word(int32(p.GetWhen()))}).normal()
}

func (r *Reports) normal() *Reports {
	if r == nil || len(r.Addresses) == 0 && told.plain(r.When) == "" {
		return nil
	}
	return &Reports{Addresses: r.Addresses, When: told.plain(r.When)}
}

func (r *Reports) message() *pb.Reports {
	if r = r.normal(); r == nil {
		return nil
	}
	return &pb.Reports{Addresses: r.Addresses, When: pb.ReportWhen(told.number(r.When))}
}

func exportJob(p *pb.Job, n *names) Job {
	o, d := p.GetOptions(), p.GetDestination()
	j := Job{
		Name: p.GetName(), Group: p.GetGroup(), Enabled: p.GetEnabled(), Draft: p.GetDraft(),
		Destination: Destination{Repository: n.repositories.name(d.GetRepositoryId())},
		Options: JobOptions{
			MaxTasks: o.GetMaxTasks(), EvidenceCopy: o.GetEvidenceCopy(), RecoverableItems: o.GetRecoverableItems(),
			HiddenFolders: o.GetHiddenFolders(), RetryMinutes: o.GetRetryMinutes(), WhenDetached: detached.word(int32(o.GetWhenDetached())),
		},
		Schedules: exportSchedules(p.GetSchedules(), n), Reports: exportReports(p.GetReports()),
		Before: exportScript(p.GetBefore(), p.GetName(), "before"), After: exportScript(p.GetAfter(), p.GetName(), "after"),
	}
	if o != nil {
		j.Options.Retries = o.Retries
	}
	for _, id := range o.GetTransporterIds() {
		j.Options.Transporters = append(j.Options.Transporters, n.transporters.name(id))
	}
	if r := p.GetRetention(); r != nil {
		j.Retention = &Retention{
			Last: r.GetLast(), Daily: r.GetDaily(), Weekly: r.GetWeekly(), Monthly: r.GetMonthly(), Yearly: r.GetYearly(), Zone: r.GetZone(),
		}
	}
	for _, i := range p.GetSource().GetItems() {
		j.Source = append(j.Source, Mailbox{n.accounts.name(i.GetAccountId()), n.mailbox(i.GetAccountId(), i.GetMailboxId())})
	}
	for _, id := range p.GetSource().GetExcludedMailboxIds() {
		account := ownerOf(p, id, n)
		j.Excluded = append(j.Excluded, Mailbox{n.accounts.name(account), n.mailbox(account, id)})
	}
	for _, x := range d.GetAccounts() {
		j.Destination.Accounts = append(j.Destination.Accounts, Place{
			Account: n.accounts.name(x.GetAccountId()), Repository: n.repositories.name(x.GetRepositoryId()),
		})
	}
	for _, x := range d.GetMailboxes() {
		j.Destination.Mailboxes = append(j.Destination.Mailboxes, Place{
			n.accounts.name(x.GetAccountId()), n.mailbox(x.GetAccountId(), x.GetMailboxId()), n.repositories.name(x.GetRepositoryId()),
		})
	}
	return j.normal(n)
}

// ownerOf is the account of the job that has the mailbox; the first one when it is in none of them any more.
func ownerOf(p *pb.Job, mailbox string, n *names) string {
	items := p.GetSource().GetItems()
	for _, i := range items {
		if _, ok := n.mailboxes[i.GetAccountId()].names[mailbox]; ok {
			return i.GetAccountId()
		}
	}
	if len(items) == 0 {
		return ""
	}
	return items[0].GetAccountId()
}

// normal writes what means the same in the same way. What has no order is sorted.
func (j Job) normal(n *names) Job {
	places := func(list []Place) []Place {
		var out []Place
		for _, d := range list {
			out = append(out, Place{n.accounts.canonical(d.Account), n.canonicalMailbox(d.Account, d.Mailbox), n.repositories.canonical(d.Repository)})
		}
		slices.SortFunc(out, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Mailbox, b.Mailbox))
		})
		return out
	}
	j.Source, j.Excluded = normalMailboxes(j.Source, n), normalMailboxes(j.Excluded, n)
	slices.SortFunc(j.Excluded, Mailbox.compare)
	d := j.Destination
	j.Destination = Destination{n.repositories.canonical(d.Repository), places(d.Accounts), places(d.Mailboxes)}
	var transporters []string
	for _, t := range j.Options.Transporters {
		transporters = append(transporters, n.transporters.canonical(t))
	}
	slices.Sort(transporters)
	j.Options.Transporters, j.Options.WhenDetached = transporters, detached.plain(j.Options.WhenDetached)
	j.Schedules, j.Reports = normalSchedules(j.Schedules, n), j.Reports.normal()
	if r := j.Retention; r != nil && r.Last == 0 && r.Daily == 0 && r.Weekly == 0 && r.Monthly == 0 && r.Yearly == 0 {
		j.Retention = nil
	}
	return j
}
