package depot

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Backup is one backup, and the repository that it is in.
type Backup struct {
	Repository     record.RepositoryID
	RepositoryName string
	*transporterv1.BackupSize
}

// Catalogue is the backups of several repositories.
type Catalogue struct {
	Backups []Backup
	// Problems say, a sentence each, which repositories could not be asked, and why.
	Problems []string
}

const (
	// catalogueWait is how long one repository may take to list its backups while others are listed too.
	catalogueWait = 20 * time.Second
	// rememberedBackups is up to how many backups of a repository are remembered: some 100 MB.
	rememberedBackups = 200_000
	// askAtOnce is how many repositories are asked at the same time.
	askAtOnce = 16
)

// remembered is what repositories answered last. Its zero value remembers nothing.
type remembered struct {
	mu   sync.Mutex
	list map[record.RepositoryID]answered
}

type answered struct {
	at      time.Time
	backups []*transporterv1.BackupSize
}

func (r *remembered) get(id record.RepositoryID, since time.Time) ([]*transporterv1.BackupSize, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.list[id]
	if !ok || a.at.Before(since) {
		delete(r.list, id)
		return nil, false
	}
	return a.backups, true
}

func (r *remembered) put(id record.RepositoryID, at time.Time, backups []*transporterv1.BackupSize) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(backups) > rememberedBackups {
		delete(r.list, id)
		return
	}
	if r.list == nil {
		r.list = map[record.RepositoryID]answered{}
	}
	r.list[id] = answered{at, backups}
}

// Catalogue lists the backups of one repository, or with an empty id those of all that are attached, in no order. What was
// answered within age is not asked again. A repository that cannot be asked is an error when it is named, and else a problem
// that is told. What it returns is shared: it must not be changed.
func (s *Service) Catalogue(ctx context.Context, id record.RepositoryID, age time.Duration) (Catalogue, error) {
	if id != "" {
		r, err := s.Get(id)
		if err != nil {
			return Catalogue{}, err
		}
		backups, err := s.known(ctx, r.ID, age)
		return Catalogue{Backups: shelved(r, backups)}, err
	}
	all, err := s.List()
	if err != nil {
		return Catalogue{}, err
	}
	all = slices.DeleteFunc(all, func(r record.Repository) bool { return !r.Attached })
	lists, errs := make([][]*transporterv1.BackupSize, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	room := make(chan struct{}, askAtOnce)
	for i := range all {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			asking, cancel := context.WithTimeout(ctx, catalogueWait)
			defer cancel()
			lists[i], errs[i] = s.known(asking, all[i].ID, age)
		})
	}
	wg.Wait()
	var c Catalogue
	for i := range all {
		if errs[i] != nil {
			c.Problems = append(c.Problems, "repository "+all[i].Name+": "+errs[i].Error())
			continue
		}
		c.Backups = append(c.Backups, shelved(all[i], lists[i])...)
	}
	slices.SortFunc(c.Problems, strings.Compare)
	return c, ctx.Err()
}

// known returns what a repository answered within age, or asks it.
func (s *Service) known(ctx context.Context, id record.RepositoryID, age time.Duration) ([]*transporterv1.BackupSize, error) {
	now := s.Now()
	if backups, ok := s.backups.get(id, now.Add(-age)); ok && age > 0 {
		return backups, nil
	}
	backups, err := s.Backups(ctx, id)
	if err == nil {
		s.backups.put(id, now, backups)
	}
	return backups, err
}

func shelved(r record.Repository, backups []*transporterv1.BackupSize) []Backup {
	list := make([]Backup, len(backups))
	for i, b := range backups {
		list[i] = Backup{r.ID, r.Name, b}
	}
	return list
}
