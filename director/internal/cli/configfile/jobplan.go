package configfile

import (
	"context"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// mailboxAccounts are the accounts, by key, of which jobs and drills of the file name mailboxes.
func (f *File) mailboxAccounts() map[string]bool {
	found := map[string]bool{}
	if f == nil {
		return found
	}
	for _, j := range f.Jobs {
		for _, m := range slices.Concat(j.Source, j.Excluded) {
			if m.Mailbox != "" {
				found[key(m.Account)] = true
			}
		}
		for _, d := range j.Destination.Mailboxes {
			found[key(d.Account)] = true
		}
	}
	for _, d := range f.Drills {
		for _, m := range append(slices.Clone(d.Of), d.Target) {
			found[key(m.Account)] = true
		}
	}
	return found
}

// open is the job without the environment of its scripts, in words that can be compared.
func (j Job) open(n *names) Job {
	j = j.normal(n)
	j.Before, j.After = j.Before.open(), j.After.open()
	return j
}

func (p *planner) jobs(list []Job) error {
	order, err := chained(list)
	if err != nil {
		return err
	}
	for _, want := range order {
		if err := p.job(want); err != nil {
			return invalid("job %q: %w", want.Name, err)
		}
	}
	return nil
}

func (p *planner) job(want Job) error {
	if err := p.referred(&want); err != nil {
		return err
	}
	old, there := find(p.state.Jobs, want.Name)
	step := Step{Action: Create, Section: "jobs", Name: want.Name}
	var was []field
	if there {
		if old.GetDeletion() != nil {
			return invalid("it is being deleted with its backups; wait for the end, or call it something else")
		}
		if hidden(old) {
			return invalid("this user may not see what its scripts are given: only an administrator can do this")
		}
		step.Action, was = Change, fields(exportJob(old, p.names).open(p.names))
	}
	step.Changes = compare(was, fields(want.open(p.names)))
	for _, s := range []struct {
		field string
		want  *Script
		old   *pb.Script
	}{{"before", want.Before, old.GetBefore()}, {"after", want.After, old.GetAfter()}} {
		changes, needs := s.want.environment(s.field, s.old, p.RenewSecrets)
		step.Changes = append(step.Changes, changes...)
		step.need(needs...)
	}
	if there && len(step.Changes) == 0 {
		return nil
	}
	step.run = func(ctx context.Context, r *runner) error {
		m, err := want.message(r, old, p.RenewSecrets)
		if err != nil {
			return err
		}
		if there {
			_, err := r.UpdateJob(ctx, &pb.UpdateJobRequest{Job: m})
			return err
		}
		made, err := r.CreateJob(ctx, &pb.CreateJobRequest{Job: m})
		if err != nil {
			return err
		}
		return r.names.jobs.add(made.GetJob().GetId(), want.Name)
	}
	p.add(step)
	return nil
}

// referred checks that all that a job names is there, or will be when its turn comes.
func (p *planner) referred(j *Job) error {
	for _, m := range slices.Concat(j.Source, j.Excluded) {
		if err := p.referredMailbox(m); err != nil {
			return err
		}
	}
	for _, d := range slices.Concat(j.Destination.Accounts, j.Destination.Mailboxes) {
		if err := p.referredMailbox(Mailbox{d.Account, d.Mailbox}); err != nil {
			return err
		}
		if err := p.names.repositories.referred(d.Repository); err != nil {
			return err
		}
	}
	for _, t := range j.Options.Transporters {
		if err := p.names.transporters.referred(t); err != nil {
			return err
		}
	}
	for _, s := range j.Schedules {
		if s.After != nil {
			if err := p.names.jobs.referred(s.After.Job); err != nil {
				return err
			}
		}
	}
	return p.names.repositories.referred(j.Destination.Repository)
}

// referredMailbox checks that a mailbox is there; of an account that is to be made the mailboxes are not known yet.
func (p *planner) referredMailbox(m Mailbox) error {
	if err := p.names.accounts.referred(m.Account); err != nil {
		return err
	}
	id := p.names.accounts.ids[key(m.Account)]
	if id == "" || m.Mailbox == "" {
		return nil
	}
	_, err := p.names.mailboxID(id, m.Mailbox)
	return err
}

// chained returns the jobs by name, each after those that it follows.
func chained(list []Job) ([]Job, error) {
	sorted := slices.Clone(list)
	byName(sorted, (*Job).name)
	place := map[string]int{}
	for i := range sorted {
		place[key(sorted[i].Name)] = i
	}
	var out []Job
	state := make([]int, len(sorted)) // 1: on the way, 2: done
	var visit func(int) error
	visit = func(i int) error {
		switch state[i] {
		case 1:
			return invalid("job %q starts, by way of others, after itself", sorted[i].Name)
		case 2:
			return nil
		}
		state[i] = 1
		for _, s := range sorted[i].Schedules {
			if s.After == nil {
				continue
			}
			if k, ok := place[key(s.After.Job)]; ok {
				if err := visit(k); err != nil {
					return err
				}
			}
		}
		state[i] = 2
		out = append(out, sorted[i])
		return nil
	}
	for i := range sorted {
		if err := visit(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}
