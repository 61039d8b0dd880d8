package configfile

import (
	"cmp"
	"context"
	"slices"
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// oneLine is a secret without the line end that editors add.
func oneLine(s string) string { return strings.TrimRight(s, "\r\n") }

// prune deletes what the file's sections do not name, what uses before what is used. Backups stay.
func (p *planner) prune() error {
	if !p.Prune {
		return nil
	}
	if p.file.Drills != nil {
		for _, x := range extra(p.state.Drills, p.file.Drills, (*Drill).name) {
			p.drop("drills", x.GetName(), "reports of earlier ones stay", func(ctx context.Context, r *runner) error {
				_, err := r.DeleteDrill(ctx, &pb.DeleteDrillRequest{DrillId: x.GetId()})
				return err
			})
		}
	}
	if p.file.Jobs != nil {
		for _, x := range extra(p.state.Jobs, p.file.Jobs, (*Job).name) {
			if x.GetDeletion() != nil {
				continue
			}
			p.drop("jobs", x.GetName(), "its backups stay", func(ctx context.Context, r *runner) error {
				_, err := r.DeleteJob(ctx, &pb.DeleteJobRequest{JobId: x.GetId()})
				return err
			})
		}
	}
	if p.file.Repositories != nil {
		for _, x := range extra(p.state.Repositories, p.file.Repositories, (*Repository).name) {
			p.drop("repositories", x.GetName(), "what is in it stays on its disk", func(ctx context.Context, r *runner) error {
				_, err := r.RemoveRepository(ctx, &pb.RemoveRepositoryRequest{RepositoryId: x.GetId()})
				return err
			})
		}
	}
	if p.file.Accounts != nil {
		for _, x := range extra(p.state.Accounts, p.file.Accounts, (*Account).name) {
			p.drop("accounts", x.GetName(), "its backups stay", func(ctx context.Context, r *runner) error {
				_, err := r.RemoveAccount(ctx, &pb.RemoveAccountRequest{AccountId: x.GetId()})
				return err
			})
		}
	}
	return p.inUse()
}

func (p *planner) drop(section, name, warning string, run func(context.Context, *runner) error) {
	p.add(Step{Action: Delete, Section: section, Name: name, Warning: warning, run: run})
}

// extra are those that the file does not name, by name.
func extra[T interface{ GetName() string }, F any](have []T, want []F, name func(*F) string) []T {
	named := map[string]bool{}
	for i := range want {
		named[key(name(&want[i]))] = true
	}
	var out []T
	for _, x := range have {
		if !named[key(x.GetName())] {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b T) int { return cmp.Compare(key(a.GetName()), key(b.GetName())) })
	return out
}

// inUse refuses to delete what a job or a drill that stays names.
func (p *planner) inUse() error {
	gone := map[string]bool{}
	for i := range p.steps {
		if s := &p.steps[i]; s.Action == Delete {
			gone[s.Section+" "+key(s.Name)] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for _, j := range staying(p.file.Jobs, p.state.Jobs, exportJob, p.names) {
		uses := []string{"repositories " + key(j.Destination.Repository)}
		for _, d := range slices.Concat(j.Destination.Accounts, j.Destination.Mailboxes) {
			uses = append(uses, "repositories "+key(d.Repository), "accounts "+key(d.Account))
		}
		for _, m := range slices.Concat(j.Source, j.Excluded) {
			uses = append(uses, "accounts "+key(m.Account))
		}
		for _, s := range j.Schedules {
			if s.After != nil {
				uses = append(uses, "jobs "+key(s.After.Job))
			}
		}
		if err := missed(gone, "job", j.Name, uses); err != nil {
			return err
		}
	}
	for _, d := range staying(p.file.Drills, p.state.Drills, exportDrill, p.names) {
		uses := []string{"jobs " + key(d.Job)}
		for _, m := range append(slices.Clone(d.Of), d.Target) {
			uses = append(uses, "accounts "+key(m.Account))
		}
		if err := missed(gone, "drill", d.Name, uses); err != nil {
			return err
		}
	}
	return nil
}

// missed refuses when something that goes is used.
func missed(gone map[string]bool, kind, name string, uses []string) error {
	for _, u := range uses {
		if gone[u] {
			section, used, _ := strings.Cut(u, " ")
			return invalid("%s %q uses %q of %s, which the file does not have: add it to the file, or do not prune", kind, name, used, section)
		}
	}
	return nil
}

// staying are the objects of a section as they will be.
func staying[T, X any](section []T, have []X, export func(X, *names) T, n *names) []T {
	if section != nil {
		return section
	}
	var list []T
	for _, x := range have {
		list = append(list, export(x, n))
	}
	return list
}
