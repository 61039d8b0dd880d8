package selfbackup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// restorePrefix begins the name of the folder, within the data folder, in which a restore puts what it reads.
const restorePrefix = ".restore-"

// Restored is what a restore did.
type Restored struct {
	Head    *Head
	Records int
	// Interrupted is how many runs were going on when the backup was made.
	Interrupted int
	// NotRecreated are repositories that were to be deleted and made anew at each attach by schedule, and are not any more.
	NotRecreated []string
	// Aside is the folder in which what was in the data folder lies now; empty when there was nothing.
	Aside string
}

// Restore brings a backup into a data folder that holds nothing, or whose content is put aside first. Whatever fails, what
// was there stays as it was; only a crash of the machine while files are moved leaves both side by side.
func Restore(ctx context.Context, file string, unlock Unlock, dir datadir.Dir, replace bool, now time.Time) (r Restored, err error) {
	old, err := inTheWay(dir, replace)
	if err != nil {
		return r, err
	}
	if err := sweep(string(dir), restorePrefix); err != nil {
		return r, err
	}
	folder, err := os.MkdirTemp(string(dir), restorePrefix+"*")
	if err != nil {
		return r, fault.New(fault.Denied, "write in the data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f, err := os.Open(file)
	if err != nil {
		return r, fault.New(fault.Invalid, "read the backup: %w", err)
	}
	r.Head, err = Extract(f, unlock, folder)
	if err := errors.Join(err, f.Close()); err != nil {
		return r, err
	}
	if r.Records, err = CheckFolder(folder); err != nil {
		return r, err
	}
	if err := r.settle(ctx, folder, now); err != nil {
		return r, err
	}
	if len(old) > 0 {
		r.Aside = dir.Path("before-restore-" + now.UTC().Format("20060102T150405Z"))
		if err := move(old, string(dir), r.Aside); err != nil {
			return r, err
		}
	}
	return r, r.place(folder, dir)
}

// inTheWay returns what is in the data folder. Conflict when there is anything and it may not be put aside, or a Director is
// at work on it.
func inTheWay(dir datadir.Dir, replace bool) ([]string, error) {
	entries, err := os.ReadDir(string(dir))
	if err != nil {
		return nil, fault.New(fault.Denied, "read the data folder: %w", err)
	}
	var old []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), restorePrefix) && !strings.HasPrefix(e.Name(), "before-restore-") && e.Name() != "lost+found" {
			old = append(old, e.Name())
		}
	}
	if len(old) > 0 && !replace {
		return nil, fault.New(fault.Conflict, "%s is not empty; with --replace what is in it is put aside first", dir)
	}
	if dir.Has(datadir.Database) {
		if err := store.Idle(dir.Path(datadir.Database)); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// move puts files into another folder of the same disk, the database first: without it there is no Director.
func move(names []string, from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return fault.New(fault.Denied, "make a folder for what is put aside: %w", err)
	}
	ordered := []string{}
	for _, name := range names {
		if name == datadir.Database {
			ordered = append([]string{name}, ordered...)
		} else {
			ordered = append(ordered, name)
		}
	}
	for _, name := range ordered {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return fault.New(fault.Denied, "put aside: %w", err)
		}
	}
	return datadir.SyncFolder(to)
}

// place moves what was restored to where the Director looks for it, the database last.
func (r *Restored) place(folder string, dir datadir.Dir) error {
	for _, name := range []string{datadir.SealKey, datadir.Certificate, datadir.PrivateKey, datadir.Database} {
		err := os.Rename(filepath.Join(folder, name), dir.Path(name))
		if errors.Is(err, os.ErrNotExist) && name != datadir.Database && name != datadir.SealKey {
			continue
		}
		if err != nil {
			return fault.New(fault.Denied, "put in place: %w", err)
		}
	}
	return datadir.SyncFolder(string(dir))
}

// settle makes the state one that a Director can go on from: what was going on when the backup was made is not any more, and
// what may have happened since is not undone.
func (r *Restored) settle(ctx context.Context, folder string, now time.Time) (err error) {
	text, err := datadir.ReadFile(filepath.Join(folder, datadir.SealKey))
	if err != nil {
		return err
	}
	s, err := store.Open(filepath.Join(folder, datadir.Database), func(bool) ([]byte, error) { return store.ParseKey(text) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var runs []record.RunID
	err = s.View(func(tx *store.Tx) error {
		for id := range store.RunsActive.All(tx, "") {
			runs = append(runs, record.RunID(id))
		}
		return nil
	})
	for _, id := range runs {
		if err == nil {
			err = s.Update(ctx, func(tx *store.Tx) error { return interrupt(tx, id, r.Head.Made, now) })
		}
	}
	if err != nil {
		return err
	}
	r.Interrupted = len(runs)
	return s.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(r.settleRepositories(tx, now), endSessions(tx), settleSelf(tx, now))
	})
}

// interrupt ends a run as one that was stopped. Its Transporters are told when they are reached.
func interrupt(tx *store.Tx, id record.RunID, made, now time.Time) error {
	run, err := store.Runs.Get(tx, string(id))
	if err != nil {
		return err
	}
	why := fmt.Sprintf("interrupted: the Director was restored from a backup of %s, when this was going on; points that were made since are in their repositories", made.UTC().Format("2006-01-02 15:04 MST"))
	var open []record.Task
	for t, err := range store.Tasks.All(tx, store.TaskPrefix(id)) {
		if err != nil {
			return err
		}
		if !t.Status.Ended() {
			open = append(open, t)
		}
	}
	for _, t := range open {
		t.Status, t.Ended, t.Error = record.TaskStopped, now, why
		if err := store.Tasks.Put(tx, t); err != nil {
			return err
		}
		if t.Transporter != "" || len(t.Transfers) > 0 {
			if err := store.TasksUnsettled.Add(tx, string(t.ID)); err != nil {
				return err
			}
		}
		run.Count(&t)
	}
	run.Status, run.Ended, run.Error, run.Held, run.Phase = record.RunStopped, now, why, "", 0
	return errors.Join(store.Runs.Put(tx, run), store.RunsActive.Remove(tx, string(id)), store.RunScripts.Delete(tx, string(id)))
}

// settleRepositories begins the schedules of repositories with what comes. Nothing is deleted by schedule any more: what a
// repository holds may be newer than the backup knows.
func (r *Restored) settleRepositories(tx *store.Tx, now time.Time) error {
	var all []record.Repository
	for one, err := range store.Repositories.All(tx, "") {
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	for _, one := range all {
		if one.Schedules.Recreate {
			one.Schedules.Recreate = false
			r.NotRecreated = append(r.NotRecreated, one.Name)
			if err := store.Repositories.Put(tx, one); err != nil {
				return err
			}
		}
		if err := store.RepositoryPlans.Put(tx, record.RepositoryPlan{Repository: one.ID, Considered: now}); err != nil {
			return err
		}
	}
	return nil
}

// endSessions removes sessions, and the token of the file that the next start makes anew: some may have been ended since.
func endSessions(tx *store.Tx) error {
	var gone []string
	for t, err := range store.Tokens.All(tx, "") {
		if err != nil {
			return err
		}
		if t.Kind != record.TokenAPI {
			gone = append(gone, t.Hash)
		}
	}
	for _, hash := range gone {
		if err := store.Tokens.Delete(tx, hash); err != nil {
			return err
		}
	}
	return nil
}

func settleSelf(tx *store.Tx, now time.Time) error {
	b, err := settings(tx)
	if err != nil || b.Folder == "" {
		return err
	}
	b.Considered = now
	return store.SelfBackups.Put(tx, b)
}
