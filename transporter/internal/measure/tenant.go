package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/control/account"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/task"
)

// tenant says where a tenant is and how to sign in.
type tenant struct {
	Tenant    string `json:"tenant"`
	Authority string `json:"authority"`
	Graph     string `json:"graph"`
	App       string `json:"app"`
	Secret    string `json:"secret"`
	CA        string `json:"ca"` // PEM
}

// vault is what the repository is called by.
const vault = "0198c0de-0000-7000-8000-00000000beef"

// site is what a Transporter has to work on a mailbox: an account, a repository, and the work of tasks.
type site struct {
	account *transporterv1.Account
	shelf   *shelf.Shelf
	bench   *work.Bench
}

// at makes a site for fn, with the repository made anew or opened.
func (t *measured) at(ctx context.Context, create bool, fn func(s *site) (counts, error)) (counts, error) {
	data, err := os.ReadFile(t.tenant)
	if err != nil {
		return nil, err
	}
	var where tenant
	if err := json.Unmarshal(data, &where); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.tenant, err)
	}
	o, err := t.options()
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(t.repository)
	s := &site{account: &transporterv1.Account{
		Id: "measured", TenantId: where.Tenant, ClientId: where.App, ClientSecret: where.Secret, Cloud: transporterv1.Cloud_CLOUD_CUSTOM,
		Authority: strings.TrimSuffix(where.Authority, "/"), GraphRoot: strings.TrimSuffix(where.Graph, "/"), CaPem: []byte(where.CA),
	}}
	s.shelf = shelf.New(func() string { return "measured" }, time.Now)
	request := shelf.Request{ID: vault, Path: t.repository}
	if create {
		_, err = s.shelf.Create(ctx, request, o.Name, o.Level)
	} else {
		_, err = s.shelf.Attach(ctx, request)
	}
	if err != nil {
		return nil, err
	}
	s.bench = work.New(work.Options{
		Accounts:     account.New(account.Options{Spool: dir, Now: time.Now, Logger: hclog.NewNullLogger()}),
		Repositories: s.shelf, JournalDir: filepath.Join(dir, "journals"), Now: time.Now, Logger: hclog.NewNullLogger(),
	})
	result, err := fn(s)
	return result, errors.Join(err, s.shelf.Close())
}

// do does the work to its end and says what it took.
func (s *site) do(ctx context.Context, w task.Work) (task.State, counts, error) {
	board := task.New(task.Options{})
	defer board.Drain(0)
	idle := resident()
	began, used := time.Now(), cpu()
	if _, err := board.Start(task.Spec{ID: "measured", Kind: "measured", Work: w}); err != nil {
		return task.State{}, nil, err
	}
	var last task.State
	if err := board.Watch(ctx, "measured", func(state task.State) error { last = state; return nil }); err != nil {
		return last, nil, err
	}
	if last.Status != task.Succeeded {
		return last, nil, fmt.Errorf("it ended %v: %w", last.Status, last.Err)
	}
	if n := len(last.Losses); n > 0 {
		return last, nil, fmt.Errorf("%d things were lost, the first because %s", n, last.Losses[0].Reason)
	}
	result := counts{
		"wall_s": time.Since(began).Seconds(), "cpu_s": (cpu() - used).Seconds(), "requests": float64(last.Progress.Requests),
		"idle_bytes": float64(idle), "peak_bytes": float64(peak()),
	}
	for kind, n := range last.Progress.RequestsByKind {
		result["requests_"+kind] = float64(n)
	}
	return last, result, nil
}

// protect backs one mailbox up.
func protect(ctx context.Context, t *measured) (counts, error) {
	return t.at(ctx, true, func(s *site) (counts, error) {
		w, err := s.bench.Backup(record.RunID(t.runs), &transporterv1.BackupWork{
			Account: s.account, Key: &transporterv1.BackupKey{AccountId: "measured", MailboxId: t.mailbox, JobId: "measured"},
			Mailbox: &transporterv1.Mailbox{Id: t.mailbox},
			Vault:   &transporterv1.VaultAddress{Vault: &transporterv1.VaultAddress_LocalRepositoryId{LocalRepositoryId: vault}},
		})
		if err != nil {
			return nil, err
		}
		state, result, err := s.do(ctx, w)
		if err != nil {
			return nil, err
		}
		if t.index {
			if err := s.indexed(ctx, result); err != nil {
				return nil, err
			}
		}
		c := state.Outcome.Point.Counts
		result["messages"], result["folders"], result["bytes"] = float64(c.Messages), float64(c.Folders), float64(c.Bytes)
		return result, nil
	})
}

// indexed waits until all is indexed for search and says what this process took for it, behind the backup.
func (s *site) indexed(ctx context.Context, result counts) error {
	index, done, err := s.shelf.Search(vault)
	if err != nil {
		return err
	}
	defer done()
	used := cpu()
	answer, err := index.Search(ctx, search.Query{Limit: 1, Patience: time.Hour}, func(*search.Hit) error { return nil })
	if err != nil {
		return err
	}
	if answer.Behind > 0 {
		return fmt.Errorf("%d points are not indexed", answer.Behind)
	}
	is := index.Status()
	result["index_cpu_s"], result["documents"], result["index_bytes"] = (cpu() - used).Seconds(), float64(is.Documents), float64(is.Bytes)
	return nil
}

// bringBack recovers the only point of the repository whole into another mailbox.
func bringBack(ctx context.Context, t *measured) (counts, error) {
	var point record.Point
	_, err := t.opened(ctx, func(r *repository.Repository) (counts, error) {
		backups, err := r.Backups(ctx)
		if err == nil && len(backups) != 1 {
			err = fmt.Errorf("the repository has %d backups, not one", len(backups))
		}
		if err == nil {
			point = backups[0].Newest
		}
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return t.at(ctx, false, func(s *site) (counts, error) {
		w, err := s.bench.Recovery("measured", &transporterv1.RecoveryWork{
			Account: s.account, Mailbox: &transporterv1.Mailbox{Id: t.mailbox}, RepositoryId: vault, PointId: string(point.ID),
		})
		if err != nil {
			return nil, err
		}
		state, result, err := s.do(ctx, w)
		if err != nil {
			return nil, err
		}
		result["messages"] = float64(state.Outcome.Recovery.Created)
		return result, nil
	})
}
