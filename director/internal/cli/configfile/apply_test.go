package configfile

import (
	"context"
	"errors"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// jobsOnly takes one job and refuses the next.
type jobsOnly struct {
	API
	made []string
	full error
}

func (o *jobsOnly) CreateJob(_ context.Context, q *pb.CreateJobRequest) (*pb.CreateJobResponse, error) {
	if len(o.made) == 1 {
		return nil, o.full
	}
	o.made = append(o.made, q.GetJob().GetName())
	return &pb.CreateJobResponse{Job: &pb.Job{Id: "j1", Name: q.GetJob().GetName()}}, nil
}

func TestAnApplyStopsAtTheFirstErrorAndReadsSecretsFirst(t *testing.T) {
	f := &File{Jobs: List[Job]{{Name: "A"}, {Name: "B", Before: &Script{Path: "/p", Environment: map[string]Value{"X": {Ref: Ref{Env: "X"}}}}}, {Name: "C"}}}
	p, err := Diff(f, &State{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := &jobsOnly{full: fault.New(fault.Conflict, "enough")}
	var told []string
	w := World{Secret: func(Ref) (string, error) { return "", nil }, Done: func(s *Step) { told = append(told, s.String()) }}
	done, err := p.Apply(t.Context(), api, w)
	if done != 0 || len(api.made) > 0 || !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "X") {
		t.Errorf("without a secret: %d done, %v made, %v", done, api.made, err)
	}
	w.Secret = func(Ref) (string, error) { return "x", nil }
	done, err = p.Apply(t.Context(), api, w)
	if done != 1 || !errors.Is(err, api.full) || len(told) != 1 || told[0] != `create job "A"` {
		t.Errorf("%d done, told of %v: %v", done, told, err)
	}
}
