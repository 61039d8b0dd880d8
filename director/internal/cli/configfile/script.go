package configfile

import (
	"maps"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Script is a program on the Director's machine.
type Script struct {
	Path        string   `yaml:"path"`
	Interpreter string   `yaml:"interpreter,omitempty"`
	Arguments   []string `yaml:"arguments,omitempty"`
	// Environment may hold secrets: an export writes references only.
	Environment    map[string]Value `yaml:"environment,omitempty"`
	Detached       bool             `yaml:"detached,omitempty"`
	Required       bool             `yaml:"required,omitempty"`
	TimeoutSeconds int32            `yaml:"timeout_seconds,omitempty"`
}

// Value is a text, or where it is: exactly one of the three.
type Value struct {
	Value *string `yaml:"value,omitempty"`
	Ref   `yaml:",inline"`
}

func (s *Script) check(field string) error {
	if s == nil {
		return nil
	}
	if s.Path == "" {
		return invalid("%s: path is missing", field)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		v := s.Environment[name]
		if v.Value != nil && v.Ref != (Ref{}) {
			return invalid("%s.environment.%s: give one of value, env and file", field, name)
		}
		if v.Value == nil {
			if err := v.check(field + ".environment." + name); err != nil {
				return err
			}
		}
	}
	return nil
}

func exportScript(p *pb.Script, job, when string) *Script {
	if p == nil {
		return nil
	}
	s := &Script{
		Path: p.GetPath(), Interpreter: p.GetInterpreter(), Arguments: p.GetArguments(), Detached: p.GetDetached(),
		Required: p.GetRequired(), TimeoutSeconds: p.GetTimeoutSeconds(),
	}
	for name := range p.GetEnvironment() {
		if s.Environment == nil {
			s.Environment = map[string]Value{}
		}
		s.Environment[name] = Value{Ref: *placeholder("job", job, when, name)}
	}
	return s
}

// hiddenText stands for what a user may not see (the Director's word).
const hiddenText = "[hidden]"

// hidden tells whether the Director kept back what the scripts of a job are given.
func hidden(j *pb.Job) bool {
	for _, s := range []*pb.Script{j.GetBefore(), j.GetAfter()} {
		if slices.Contains(s.GetArguments(), hiddenText) {
			return true
		}
		for _, v := range s.GetEnvironment() {
			if v == hiddenText {
				return true
			}
		}
	}
	return false
}

// open is the script without its environment.
func (s *Script) open() *Script {
	if s == nil {
		return nil
	}
	out := *s
	out.Environment = nil
	return &out
}

// environment lists what differs, without a value, and what must be read for it.
func (s *Script) environment(field string, old *pb.Script, renew bool) (changes []Difference, needs []*Ref) {
	if s == nil {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		v := s.Environment[name]
		now, there := old.GetEnvironment()[name]
		d := Difference{Field: field + ".environment." + name, New: "(set)"}
		if there {
			d.Old = "(kept)"
		}
		switch {
		case v.Value != nil && there && *v.Value == now, v.Value == nil && there && !renew:
			continue
		case v.Value == nil:
			needs = append(needs, &v.Ref)
		}
		if there {
			d.New = "(sent anew)"
		}
		changes = append(changes, d)
	}
	for _, name := range slices.Sorted(maps.Keys(old.GetEnvironment())) {
		if _, stays := s.Environment[name]; !stays {
			changes = append(changes, Difference{Field: field + ".environment." + name, Old: "(set)"})
		}
	}
	return changes, needs
}

func (s *Script) message(r *runner, old *pb.Script, renew bool) *pb.Script {
	if s == nil {
		return nil
	}
	p := &pb.Script{
		Path: s.Path, Interpreter: s.Interpreter, Arguments: s.Arguments, Detached: s.Detached, Required: s.Required,
		TimeoutSeconds: s.TimeoutSeconds,
	}
	for name, v := range s.Environment {
		if p.Environment == nil {
			p.Environment = map[string]string{}
		}
		now, there := old.GetEnvironment()[name]
		switch {
		case v.Value != nil:
			p.Environment[name] = *v.Value
		case there && !renew:
			p.Environment[name] = now
		default:
			p.Environment[name] = oneLine(r.secret(&v.Ref))
		}
	}
	return p
}
