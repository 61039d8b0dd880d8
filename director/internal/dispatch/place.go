package dispatch

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// places is where tasks may be put, read before the choice is made: the store must not be entered with d.mu held.
type places struct {
	transporters []record.Transporter
	repositories map[record.RepositoryID]record.Repository
}

func (d *Dispatcher) places() (places, error) {
	p := places{repositories: map[record.RepositoryID]record.Repository{}}
	all, err := d.Depot.List()
	if err != nil {
		return places{}, err
	}
	for _, r := range all {
		p.repositories[r.ID] = r
	}
	p.transporters, err = d.Fleet.List()
	return p, err
}

// find returns a Transporter; its zero value when it is not there any more.
func (p places) find(id record.TransporterID) record.Transporter {
	for _, t := range p.transporters {
		if t.ID == id {
			return t
		}
	}
	return record.Transporter{ID: id, Name: string(id)}
}

// candidates returns the Transporters that may do a run's tasks, the preferred ones first: in the job's order, or the
// repository's own before the others.
func (p places) candidates(r *activeRun, repository record.Repository) []record.TransporterID {
	if r.kind != record.KindBackup {
		return []record.TransporterID{repository.Transporter}
	}
	if len(r.options.Transporters) > 0 {
		return r.options.Transporters
	}
	list := []record.TransporterID{repository.Transporter}
	for _, t := range p.transporters {
		if t.ID != repository.Transporter {
			list = append(list, t.ID)
		}
	}
	return list
}

// place returns the Transporter for a new attempt at a task that uses a repository: of those permitted and reachable with room the one with the most of
// it left, the preferred one when equal. Empty without an error when all are full; Unavailable when none can be reached,
// or the repository cannot. d.mu is held.
func (d *Dispatcher) place(r *activeRun, goal record.RepositoryID, p places) (record.TransporterID, error) {
	repository, ok := p.repositories[goal]
	if !ok {
		return "", fault.New(fault.NotFound, "the repository is not there any more")
	}
	if err := d.reachable(p.find(repository.Transporter)); err != nil {
		return "", err
	}
	best, bestLoad, reached := record.TransporterID(""), 0.0, false
	lost := error(fault.New(fault.Unavailable, "no Transporter is paired"))
	for _, id := range p.candidates(r, repository) {
		t := p.find(id)
		if err := d.reachable(t); err != nil {
			lost = err
			continue
		}
		reached = true
		room := room(t, d.Fleet.Status(id).Max)
		load := float64(d.load[id]) / float64(room)
		if d.load[id] >= room && !r.kind.Urgent() {
			continue
		}
		if best == "" || load < bestLoad {
			best, bestLoad = id, load
		}
	}
	if !reached {
		return "", lost
	}
	return best, nil
}

// reachable returns Unavailable with the reason when a Transporter did not answer when it was last asked.
func (d *Dispatcher) reachable(t record.Transporter) error {
	status := d.Fleet.Status(t.ID)
	if status.Reachable {
		return nil
	}
	return fault.New(fault.Unavailable, "Transporter %s at %s cannot be reached: %s", t.Name, t.Address, status.Error)
}

// defaultRoom is how many tasks a Transporter gets that says nothing of its limit.
const defaultRoom = 4

// room is how many tasks a Transporter takes: the lesser of its own limit and the administrator's.
func room(t record.Transporter, own int32) int {
	room := int(own)
	if t.MaxTasks > 0 && (room == 0 || int(t.MaxTasks) < room) {
		room = int(t.MaxTasks)
	}
	if room <= 0 {
		return defaultRoom
	}
	return room
}
