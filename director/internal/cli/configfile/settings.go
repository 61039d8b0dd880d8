package configfile

import (
	"context"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// History is for how long runs and other activities are kept; 0 is 400 days.
type History struct {
	Days int32 `yaml:"days"`
}

// Backup is that of the Director itself; without a folder there is none.
type Backup struct {
	Folder     string     `yaml:"folder,omitempty"`
	Keep       int32      `yaml:"keep,omitempty"`
	Schedules  []Schedule `yaml:"schedules,omitempty"`
	Passphrase *Ref       `yaml:"passphrase,omitempty"`
}

// The Director's own defaults.
const (
	defaultDays = 400
	defaultKeep = 14
)

func (h *History) normal() History {
	if h.Days == 0 {
		return History{Days: defaultDays}
	}
	return *h
}

func exportHistory(p *pb.History) *History {
	h := (&History{Days: p.GetDays()}).normal()
	return &h
}

func (b *Backup) check() error {
	if b == nil {
		return nil
	}
	if b.Folder == "" && len(b.Schedules) > 0 {
		return invalid("backup: schedules go with a folder")
	}
	for _, s := range b.Schedules {
		if s.After != nil {
			return invalid("backup.schedules: the backup of the Director follows no job")
		}
	}
	if err := checkSchedules("backup.schedules", b.Schedules); err != nil {
		return err
	}
	return b.Passphrase.check("backup.passphrase")
}

func exportBackup(p *pb.DirectorBackup, n *names) *Backup {
	b := &Backup{Folder: p.GetFolder(), Keep: p.GetKeep(), Schedules: exportSchedules(p.GetSchedules(), n)}
	if b.Folder == "" {
		return &Backup{}
	}
	b.Passphrase = placeholder("director", "passphrase")
	return b
}

func (b *Backup) open(n *names) Backup {
	if b.Folder == "" {
		return Backup{}
	}
	keep := b.Keep
	if keep == 0 {
		keep = defaultKeep
	}
	return Backup{Folder: b.Folder, Keep: keep, Schedules: normalSchedules(b.Schedules, n)}
}

func (p *planner) history() error {
	if p.file.History == nil {
		return nil
	}
	want := p.file.History.normal()
	changes := compare(fields(exportHistory(p.state.History)), fields(want))
	if len(changes) == 0 {
		return nil
	}
	p.add(Step{Action: Change, Section: "history", Changes: changes, run: func(ctx context.Context, r *runner) error {
		_, err := r.SetHistory(ctx, &pb.SetHistoryRequest{History: &pb.History{Days: want.Days}})
		return err
	}})
	return nil
}

func (p *planner) backup() error {
	if p.file.Backup == nil {
		return nil
	}
	want := p.file.Backup
	step := Step{Action: Change, Section: "backup", Changes: compare(fields(exportBackup(p.state.Backup, p.names).open(p.names)), fields(want.open(p.names)))}
	set := p.state.Backup.GetPassphraseSet()
	send := want.Folder != "" && (!set || p.RenewSecrets && want.Passphrase != nil)
	switch {
	case send && want.Passphrase == nil:
		return invalid("backup: the Director has no passphrase yet; say where it is, with passphrase")
	case send && set:
		step.Changes = append(step.Changes, renewed("passphrase"))
	case len(step.Changes) == 0:
		return nil
	}
	if send {
		step.need(want.Passphrase)
	}
	step.run = func(ctx context.Context, r *runner) error {
		schedules, err := scheduleMessages(want.Schedules, r.names)
		if err != nil {
			return err
		}
		q := &pb.SetDirectorBackupRequest{Backup: &pb.DirectorBackup{Folder: want.Folder, Keep: want.Keep, Schedules: schedules}}
		if send {
			q.Passphrase = oneLine(r.secret(want.Passphrase))
		}
		_, err = r.SetDirectorBackup(ctx, q)
		return err
	}
	p.add(step)
	return nil
}
