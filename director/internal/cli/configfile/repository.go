package configfile

import (
	"context"
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Repository is a folder for backups. Transporter, path and whether it is encrypted cannot be changed.
type Repository struct {
	Name        string `yaml:"name"`
	Transporter string `yaml:"transporter"`
	Path        string `yaml:"path"`
	// Codec is balanced when left out.
	Codec string `yaml:"codec,omitempty"`
	// Encrypted repositories have a passphrase, or a key file: a path on the Transporter.
	Encrypted  bool                 `yaml:"encrypted,omitempty"`
	Passphrase *Ref                 `yaml:"passphrase,omitempty"`
	KeyFile    string               `yaml:"key_file,omitempty"`
	Schedules  *RepositorySchedules `yaml:"schedules,omitempty"`
}

// RepositorySchedules are what is done to a repository by the clock.
type RepositorySchedules struct {
	Detach     []Schedule `yaml:"detach,omitempty"`
	Attach     []Schedule `yaml:"attach,omitempty"`
	Verify     []Schedule `yaml:"verify,omitempty"`
	VerifyFull []Schedule `yaml:"verify_full,omitempty"`
	Reclaim    []Schedule `yaml:"reclaim,omitempty"`
	// Recreate deletes all backups in it at each attach by schedule.
	Recreate bool `yaml:"recreate,omitempty"`
	SkipBusy bool `yaml:"skip_busy,omitempty"`
}

var codecs = vocabulary{prefix: "CODEC_", values: pb.Codec_value, standard: "balanced"}

func (r *Repository) name() string { return r.Name }

func (r *Repository) check() error {
	switch {
	case r.Transporter == "" || r.Path == "":
		return invalid("transporter and path are needed")
	case r.Passphrase != nil && r.KeyFile != "":
		return invalid("give a passphrase or a key_file, not both")
	case !r.Encrypted && (r.Passphrase != nil || r.KeyFile != ""):
		return invalid("a key is only for one with encrypted: true")
	}
	if err := r.Passphrase.check("passphrase"); err != nil {
		return err
	}
	if err := codecs.check("codec", r.Codec); err != nil || r.Schedules == nil {
		return err
	}
	s := r.Schedules
	for _, w := range []struct {
		field string
		list  []Schedule
	}{{"detach", s.Detach}, {"attach", s.Attach}, {"verify", s.Verify}, {"verify_full", s.VerifyFull}, {"reclaim", s.Reclaim}} {
		if err := checkSchedules("schedules."+w.field, w.list); err != nil {
			return err
		}
		for _, one := range w.list {
			if one.After != nil {
				return invalid("schedules.%s: what is done to a repository follows no job", w.field)
			}
		}
	}
	return nil
}

func exportRepository(p *pb.Repository, n *names) Repository {
	r := Repository{
		Name: p.GetName(), Transporter: n.transporters.name(p.GetTransporterId()), Path: p.GetPath(), Codec: codecs.word(int32(p.GetCodec())),
		Encrypted: p.GetEncrypted(),
	}
	if r.Encrypted {
		r.Passphrase = placeholder("repository", r.Name, "passphrase")
	}
	if s := p.GetSchedules(); s != nil {
		r.Schedules = &RepositorySchedules{
			Detach: exportSchedules(s.GetDetach(), n), Attach: exportSchedules(s.GetAttach(), n), Verify: exportSchedules(s.GetVerify(), n),
			VerifyFull: exportSchedules(s.GetVerifyFull(), n), Reclaim: exportSchedules(s.GetReclaim(), n),
			Recreate: s.GetRecreate(), SkipBusy: s.GetSkipBusy(),
		}
	}
	r.Schedules = r.Schedules.normal(n)
	return r
}

func (s *RepositorySchedules) normal(n *names) *RepositorySchedules {
	if s == nil || len(s.Detach)+len(s.Attach)+len(s.Verify)+len(s.VerifyFull)+len(s.Reclaim) == 0 && !s.Recreate && !s.SkipBusy {
		return nil
	}
	return &RepositorySchedules{
		Detach: normalSchedules(s.Detach, n), Attach: normalSchedules(s.Attach, n), Verify: normalSchedules(s.Verify, n),
		VerifyFull: normalSchedules(s.VerifyFull, n), Reclaim: normalSchedules(s.Reclaim, n), Recreate: s.Recreate, SkipBusy: s.SkipBusy,
	}
}

func (s *RepositorySchedules) message(n *names) (*pb.RepositorySchedules, error) {
	if s == nil {
		return nil, nil
	}
	out := &pb.RepositorySchedules{Recreate: s.Recreate, SkipBusy: s.SkipBusy}
	for _, w := range []struct {
		from []Schedule
		to   *[]*pb.Schedule
	}{{s.Detach, &out.Detach}, {s.Attach, &out.Attach}, {s.Verify, &out.Verify}, {s.VerifyFull, &out.VerifyFull}, {s.Reclaim, &out.Reclaim}} {
		list, err := scheduleMessages(w.from, n)
		if err != nil {
			return nil, err
		}
		*w.to = list
	}
	return out, nil
}

// open is the repository without its key, in words that can be compared.
func (r Repository) open(n *names) Repository {
	r.Passphrase, r.KeyFile = nil, ""
	r.Transporter, r.Codec, r.Schedules = n.transporters.canonical(r.Transporter), codecs.plain(r.Codec), r.Schedules.normal(n)
	if len(r.Path) > 1 {
		r.Path = strings.TrimRight(r.Path, `/\`)
	}
	return r
}

func (p *planner) repositories(list []Repository) error {
	for _, want := range list {
		if !p.names.transporters.known(want.Transporter) {
			return invalid("repository %q: there is no Transporter %q; pair it first", want.Name, want.Transporter)
		}
		old, there := find(p.state.Repositories, want.Name)
		if !there {
			if err := p.newRepository(want); err != nil {
				return err
			}
			continue
		}
		was, is := exportRepository(old, p.names).open(p.names), want.open(p.names)
		step := Step{Action: Change, Section: "repositories", Name: want.Name, Changes: compare(fields(was), fields(is))}
		if len(step.Changes) == 0 {
			continue
		}
		if was.Name != is.Name || was.Transporter != is.Transporter || was.Path != is.Path || was.Encrypted != is.Encrypted {
			d := step.Changes[0]
			return invalid("repository %q: %s cannot be changed (it is %s, the file says %s); to move backups, create another and copy them", want.Name, d.Field, d.Old, d.New)
		}
		step.Warning = recreates(is.Schedules)
		codec, schedules := was.Codec != is.Codec, len(compare(fields(was.Schedules), fields(is.Schedules))) > 0
		step.run = func(ctx context.Context, r *runner) error {
			if codec {
				if _, err := r.SetRepositoryCodec(ctx, &pb.SetRepositoryCodecRequest{RepositoryId: old.GetId(), Codec: pb.Codec(codecs.number(is.Codec))}); err != nil {
					return err
				}
			}
			if !schedules {
				return nil
			}
			return r.setSchedules(ctx, old.GetId(), old.GetName(), is.Schedules)
		}
		p.add(step)
	}
	return nil
}

func recreates(s *RepositorySchedules) string {
	if s == nil || !s.Recreate {
		return ""
	}
	return "recreate: each attach by schedule deletes all backups in it, for ever"
}

func (p *planner) newRepository(want Repository) error {
	if want.Encrypted && want.Passphrase == nil && want.KeyFile == "" {
		return invalid("repository %q is new: say where its passphrase is, or which key_file", want.Name)
	}
	is := want.open(p.names)
	step := Step{Action: Create, Section: "repositories", Name: want.Name, Changes: compare(nil, fields(is)), Warning: recreates(is.Schedules)}
	if p.Attach {
		step.Action = Attach
	}
	step.need(want.Passphrase)
	step.run = func(ctx context.Context, r *runner) error {
		made, err := r.makeRepository(ctx, &want, p.Attach)
		if err != nil {
			return err
		}
		if err := r.names.repositories.add(made.GetId(), want.Name); err != nil {
			return err
		}
		if codec := pb.Codec(codecs.number(is.Codec)); made.GetCodec() != codec {
			if _, err := r.SetRepositoryCodec(ctx, &pb.SetRepositoryCodecRequest{RepositoryId: made.GetId(), Codec: codec}); err != nil {
				return err
			}
		}
		if is.Schedules == nil {
			return nil
		}
		return r.setSchedules(ctx, made.GetId(), want.Name, is.Schedules)
	}
	p.add(step)
	return nil
}

func (r *runner) makeRepository(ctx context.Context, want *Repository, attach bool) (*pb.Repository, error) {
	transporter, err := r.names.transporters.id(want.Transporter)
	if err != nil {
		return nil, err
	}
	var k *pb.RepositoryKey
	if want.Encrypted {
		k = &pb.RepositoryKey{Passphrase: oneLine(r.secret(want.Passphrase)), KeyFile: want.KeyFile}
	}
	if attach {
		a, err := r.AttachRepository(ctx, &pb.AttachRepositoryRequest{Name: want.Name, TransporterId: transporter, Path: want.Path, Key: k})
		return a.GetRepository(), err
	}
	a, err := r.CreateRepository(ctx, &pb.CreateRepositoryRequest{
		Name: want.Name, TransporterId: transporter, Path: want.Path, Codec: pb.Codec(codecs.number(want.Codec)), Key: k,
	})
	return a.GetRepository(), err
}

func (r *runner) setSchedules(ctx context.Context, id, name string, s *RepositorySchedules) error {
	m, err := s.message(r.names)
	if err != nil {
		return err
	}
	q := &pb.SetRepositorySchedulesRequest{RepositoryId: id, Schedules: m}
	if m.GetRecreate() {
		q.ConfirmName = name
	}
	a, err := r.SetRepositorySchedules(ctx, q)
	if err != nil {
		return err
	}
	for _, w := range a.GetWarnings() {
		r.note(w)
	}
	return nil
}
