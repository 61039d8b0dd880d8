package configfile

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Transporter is the settings of a Transporter that was paired by hand.
type Transporter struct {
	Name string `yaml:"name"`
	// Address of its control service; the usual port can be left out.
	Address string `yaml:"address"`
	// TransferHost is what other Transporters dial; left out, the host of the address.
	TransferHost string `yaml:"transfer_host,omitempty"`
	MaxTasks     int32  `yaml:"max_tasks,omitempty"`
}

func (t *Transporter) name() string { return t.Name }

func (t *Transporter) check() error {
	if t.Address == "" {
		return invalid("address is missing")
	}
	return nil
}

func exportTransporter(p *pb.Transporter) Transporter {
	return Transporter{Name: p.GetName(), Address: p.GetAddress(), TransferHost: p.GetTransferHost(), MaxTasks: p.GetMaxTasks()}
}

func (p *planner) transporters(list []Transporter) error {
	for _, want := range list {
		old, ok := find(p.state.Transporters, want.Name)
		if !ok {
			return invalid("the Transporter %q is not paired with this Director: pair it first (see: holdfast transporter pair), or take it out of the file", want.Name)
		}
		if port, ok := strings.CutPrefix(old.GetAddress(), want.Address+":"); ok && !strings.Contains(port, ":") {
			want.Address = old.GetAddress()
		}
		changes := compare(fields(exportTransporter(old)), fields(want))
		if len(changes) == 0 {
			continue
		}
		p.add(Step{Action: Change, Section: "transporters", Name: want.Name, Changes: changes, run: func(ctx context.Context, r *runner) error {
			next := proto.CloneOf(old)
			next.Name, next.Address, next.TransferHost, next.MaxTasks = want.Name, want.Address, want.TransferHost, want.MaxTasks
			_, err := r.UpdateTransporter(ctx, &pb.UpdateTransporterRequest{Transporter: next})
			return err
		}})
	}
	return nil
}
