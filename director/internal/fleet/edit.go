package fleet

import (
	"context"
	"fmt"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Update changes name, address, transfer host and limit of a Transporter.
func (f *Fleet) Update(ctx context.Context, t record.Transporter) (record.Transporter, error) {
	var err error
	if t.Address, err = WithPort(t.Address); err != nil {
		return record.Transporter{}, err
	}
	if err := f.free(Candidate{Name: t.Name, Address: t.Address}, t.ID); err != nil {
		return record.Transporter{}, err
	}
	var out record.Transporter
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Transporters.Get(tx, string(t.ID))
		if err != nil {
			return err
		}
		r.Name, r.Address, r.TransferHost, r.MaxTasks = t.Name, t.Address, t.TransferHost, t.MaxTasks
		out = r
		return store.Transporters.Put(tx, r)
	})
	if err != nil {
		return record.Transporter{}, err
	}
	_, _ = f.Refresh(ctx, t.ID)
	return f.Get(out.ID)
}

// Remove forgets a Transporter and tells it so, if it can be reached. Conflict while something depends on it.
func (f *Fleet) Remove(ctx context.Context, id record.TransporterID) error {
	client, err := f.Client(id)
	if err != nil {
		return err
	}
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		if err := depends(tx, id); err != nil {
			return err
		}
		for a, err := range store.Accounts.All(tx, "") {
			if err != nil {
				return err
			}
			if a.Transporter == id {
				a.Transporter = ""
				if err := store.Accounts.Put(tx, a); err != nil {
					return err
				}
			}
		}
		return store.Transporters.Delete(tx, string(id))
	})
	if err != nil {
		return err
	}
	if _, err := client.Unpair(ctx, &transporterv1.UnpairRequest{}); err != nil {
		f.Logger.Warn("Transporter removed without being told; it must be unpaired there by hand", "transporter", id,
			"kind", fault.KindOf(err).Error())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.porters[id]; p != nil && p.conn != nil {
		_ = p.conn.Close()
	}
	delete(f.porters, id)
	return nil
}

// depends returns Conflict with what cannot do without the Transporter.
func depends(tx *store.Tx, id record.TransporterID) error {
	var users []string
	for r, err := range store.Repositories.All(tx, "") {
		if err != nil {
			return err
		}
		if r.Transporter == id {
			users = append(users, "repository "+r.Name)
		}
	}
	for j, err := range store.Jobs.All(tx, "") {
		if err != nil {
			return err
		}
		if slices.Contains(j.Options.Transporters, id) {
			users = append(users, "job "+j.Name)
		}
	}
	for run := range store.RunsActive.All(tx, "") {
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(record.RunID(run))) {
			if err != nil {
				return err
			}
			if t.Transporter == id && !t.Status.Ended() {
				users = append(users, "a task that is running")
				break
			}
		}
	}
	if len(users) == 0 {
		return nil
	}
	const most = 5
	more := ""
	if len(users) > most {
		users, more = users[:most], fmt.Sprintf(" and %d more", len(users)-most)
	}
	return fault.New(fault.Conflict, "the Transporter is used by %s%s; remove or change these first", join(users), more)
}

func join(list []string) string {
	out := list[0]
	for _, s := range list[1:] {
		out += ", " + s
	}
	return out
}
