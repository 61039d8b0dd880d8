package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// key returns a sealing key made of one byte.
func key(b byte) []byte { return bytes.Repeat([]byte{b}, store.KeySize) }

func with(k []byte) func(bool) ([]byte, error) {
	return func(bool) ([]byte, error) { return k, nil }
}

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path, with(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "director.db"))
}

func update(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// filled is one of each record with every field set.
type filled struct {
	Identity    record.Identity
	Account     record.Account
	Mailbox     record.Mailbox
	Transporter record.Transporter
	Repository  record.Repository
	Job         record.Job
	Run         record.Run
	Task        record.Task
	Losses      record.Losses
	Recovery    record.Recovery
	User        record.User
	Token       record.Token
}

func examples() filled {
	at := func(n int) time.Time { return time.Date(2026, 3, n, 4, 5, 6, 7000, time.UTC) }
	progress := record.Progress{
		FoldersDone: 1, FoldersTotal: 2, MessagesDone: 3, MessagesTotal: 4, BytesRead: 5, BytesNew: 6, Attachments: 7, Requests: 8,
		MessagesChanged: 9, MessagesDeleted: 10, RequestsByKind: map[string]int64{"delta": 11},
	}
	return filled{
		Identity: record.Identity{
			Installation: "installation", AuthorityCertificate: []byte("ca"), AuthorityKey: []byte("ca key"),
			DirectorCertificate: []byte("certificate"), DirectorKey: []byte("key"),
		},
		Account: record.Account{
			ID: "a1", Name: "Example", Tenant: "tenant", ClientID: "client", Cloud: record.CloudCustom, Authority: "https://login",
			GraphRoot: "https://graph", CAPEM: []byte("pem"), Transporter: "t1",
			Limits:     record.Limits{InFlight: 1, PerWindow: 2, WindowSeconds: 3, UploadPerWindow: 4, UploadWindowSeconds: 5},
			Credential: record.Credential{Secret: "client secret", Certificate: []byte("pfx"), CertificatePassword: "password"},
			Created:    at(1), Refreshed: at(2), Mailboxes: 6, WithoutMailbox: 7,
		},
		Mailbox: record.Mailbox{
			Account: "a1", ID: "m1", Name: "Ada", Address: "ada@example.com", Kind: mail.MailboxShared, Absent: "no mailbox",
			Gone: true, Since: at(3),
		},
		Transporter: record.Transporter{
			ID: "t1", Name: "one", Address: "host:9446", TransferHost: "inside", MaxTasks: 4, Paired: at(4), Seen: at(5),
			Version: "1", Hostname: "host", OS: "linux", Arch: "amd64", CertificateExpires: at(6),
		},
		Repository: record.Repository{
			ID: "r1", Name: "Vault", Transporter: "t1", Path: "/backup", Codec: record.CodecBest, Encrypted: true,
			Key:     record.RepositoryKey{Passphrase: "repository passphrase", KeyFile: "/key"},
			NextKey: record.RepositoryKey{Passphrase: "next repository passphrase", KeyFile: "/next"}, Attached: true, Created: at(7), Error: "away",
			Statistics: record.RepositoryStatistics{
				Backups: 1, Points: 2, Blobs: 3, StoredBytes: 4, UniqueBytes: 5, LogicalBytes: 6, IndexBytes: 7, FreeBytes: 8,
				TotalBytes: 9, At: at(8), Survey: &record.Survey{Taken: at(20), Needed: 1, Garbage: 2, Unreadable: 3},
			},
		},
		Job: record.Job{
			Before: &record.Script{Path: "/before", Arguments: []string{"--token=script token"}, Environment: map[string]string{"PASSWORD": "script password"}},
			After:  &record.Script{Path: "/after", Environment: map[string]string{"PASSWORD": "script password"}},
			ID:     "j1", Edition: 4, Name: "Nightly", Items: []record.SourceItem{{Account: "a1", Mailbox: "m1"}, {Account: "a1"}},
			Excluded: []mail.MailboxID{"m2"}, Repository: "r1", Enabled: true, Created: at(9), LastRun: "run1",
			Options: record.JobOptions{
				MaxTasks: 2, Transporters: []record.TransporterID{"t1"}, EvidenceCopy: true, RecoverableItems: true, HiddenFolders: true,
			},
		},
		Run: record.Run{
			ID: "run1", Kind: record.KindBackup, Title: "Nightly", Job: "j1", JobName: "Nightly",
			Options: record.JobOptions{MaxTasks: 2}, Status: record.RunStopping, Stop: true, StopNow: true, Started: at(10),
			Ended: at(11), Tasks: 10, Succeeded: 1, Incomplete: 2, Failed: 3, Stopped: 4, Progress: progress, Error: "went wrong",
			Notes: []string{"noted"}, Took: 5 * time.Second,
		},
		Task: record.Task{
			ID: record.TaskOf("run1", 1), Run: "run1", Kind: record.KindVerify, Account: "a1", Mailbox: "m1", MailboxName: "Ada",
			MailboxAddress: "ada@example.com", MailboxKind: mail.MailboxRoom, Repository: "r1", Status: record.TaskRetrying,
			Transporter: "t1", Attempt: 3, Failures: 2, Transfers: []record.Transfer{{ID: "x", Transporter: "t2"}}, Started: at(12),
			AttemptStarted: at(13), NextTry: at(14), Ended: at(15), Phase: "reading mail", Progress: progress,
			Earlier: record.Progress{Requests: 3, RequestsByKind: map[string]int64{"delta": 3}}, Error: "wait",
			FaultKind: fault.Throttled, RequestID: "request", Losses: 1, LossesMore: 5, Point: "p1", Full: true,
			RecoveryReport: &record.RecoveryReport{
				Created: 1, Skipped: 2, Renamed: 3, Overwritten: 4, Failed: 5, FoldersCreated: 6, Notes: []string{"note"},
			},
			Undo:         &record.Undo{Of: record.TaskOf("run9", 1), PlanOnly: true},
			UndoReport:   &record.UndoReport{Removed: 1, Trashed: 2, PutBack: 3, Left: 4, FoldersRemoved: 5, FoldersLeft: 6},
			VerifyReport: &record.VerifyReport{Points: 1, Blobs: 2, Bytes: 3, Damage: []string{"pack 1"}},
			Copy: &record.Copy{
				Target: "r2", Account: "a1", Mailbox: "m1", Job: "j1", Points: []record.PointID{"p1"}, Newest: true, Thorough: true,
			},
			ReclaimReport: &record.ReclaimReport{
				Freed: 1, Blobs: 2, PacksDropped: 3, PacksRewritten: 4, PacksWritten: 5, Garbage: 6, Left: []string{"pack 2"},
			},
			RepairReport: &record.RepairReport{Points: 1, Blobs: 2, Bytes: 3, Repaired: []string{"index"}, Damage: []string{"pack 3"}},
			SurveyReport: &record.Survey{Taken: at(21), Needed: 4, Garbage: 5, Unreadable: 6},
			CopyReport: &record.CopyReport{
				Copied: 1, Present: 2, Deleted: 3, LeftOut: 4, Blobs: 5, Bytes: 6, Reasons: []string{"damaged"},
			},
			Tries: []record.Try{{Attempt: 1, Ended: at(22), Transporter: "t1", Error: "away", RequestID: "first"}},
			Took:  7 * time.Millisecond, Balance: &record.Balance{Tenant: 4, Kept: 3, Folders: 2, Unexplained: 1},
		},
		Losses: record.Losses{Task: record.TaskOf("run1", 1), Losses: []mail.Loss{{
			Message: "x", Folder: "f", Subject: "s", What: "message", Reason: "too large", RequestID: "request",
		}}},
		Recovery: record.Recovery{
			Task: record.TaskOf("run1", 1), Point: "p1", Folders: []mail.FolderID{"f"},
			Messages: []record.MessageRef{{Folder: "f", Message: "m"}}, IfExists: record.IfExistsOverwrite, IntoFolder: "Back", UndoneBy: "run2",
			PlanOnly: true,
		},
		User: record.User{
			Name: "admin", PasswordHash: "$argon2id$", Role: record.RoleAdministrator, ChangeRequired: true, Created: at(16),
			PasswordSet: at(17),
		},
		Token: record.Token{
			Hash: "hash", Kind: record.TokenAPI, Name: "script", User: "admin", Role: record.RoleOperator, Created: at(18),
			Expires: at(19), ChangeRequired: true,
		},
	}
}

func (f filled) put(tx *store.Tx) error {
	return errors.Join(
		store.Identities.Put(tx, f.Identity), store.Accounts.Put(tx, f.Account), store.Mailboxes.Put(tx, f.Mailbox),
		store.Transporters.Put(tx, f.Transporter), store.Repositories.Put(tx, f.Repository), store.Jobs.Put(tx, f.Job),
		store.Runs.Put(tx, f.Run), store.Tasks.Put(tx, f.Task), store.Losses.Put(tx, f.Losses),
		store.Recoveries.Put(tx, f.Recovery), store.Users.Put(tx, f.User), store.Tokens.Put(tx, f.Token),
		store.RunsOfJob.Add(tx, store.JobRunKey("j1", "run1")), store.RunsActive.Add(tx, "run1"),
		store.TasksUnsettled.Add(tx, string(f.Task.ID)),
	)
}

func read(tx *store.Tx) (filled, error) {
	var f filled
	errs := make([]error, 12)
	f.Identity, errs[0] = store.Identities.Get(tx, "installation")
	f.Account, errs[1] = store.Accounts.Get(tx, "a1")
	f.Mailbox, errs[2] = store.Mailboxes.Get(tx, store.MailboxKey("a1", "m1"))
	f.Transporter, errs[3] = store.Transporters.Get(tx, "t1")
	f.Repository, errs[4] = store.Repositories.Get(tx, "r1")
	f.Job, errs[5] = store.Jobs.Get(tx, "j1")
	f.Run, errs[6] = store.Runs.Get(tx, "run1")
	task := string(record.TaskOf("run1", 1))
	f.Task, errs[7] = store.Tasks.Get(tx, task)
	f.Losses, errs[8] = store.Losses.Get(tx, task)
	f.Recovery, errs[9] = store.Recoveries.Get(tx, task)
	f.User, errs[10] = store.Users.Get(tx, "admin")
	f.Token, errs[11] = store.Tokens.Get(tx, "hash")
	return f, errors.Join(errs...)
}

// before takes out what records have got since the first file was made.
func before(f filled) filled {
	f.Repository.NextKey = record.RepositoryKey{}
	f.Repository.Statistics.Survey = nil
	f.Task.Copy, f.Task.ReclaimReport, f.Task.RepairReport, f.Task.CopyReport, f.Task.SurveyReport = nil, nil, nil, nil, nil
	f.Task.Undo, f.Task.UndoReport, f.Recovery.UndoneBy = nil, nil, ""
	f.Job.Before, f.Job.After, f.Job.Edition = nil, nil, 1
	f.Run.Notes, f.Run.Took, f.Task.Tries, f.Task.Took, f.Task.Balance = nil, 0, nil, 0, nil
	return f
}

func check(t *testing.T, s *store.Store, want filled) {
	t.Helper()
	err := s.View(func(tx *store.Tx) error {
		got, err := read(tx)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read back otherwise than written (-want +got):\n%s", diff)
		}
		if !store.RunsOfJob.Has(tx, "j1/run1") || !store.RunsActive.Has(tx, "run1") || !store.TasksUnsettled.Has(tx, "run1-0000001") {
			t.Error("a set lost its key")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryFieldIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "director.db")
	s := open(t, path)
	update(t, s, examples().put)
	check(t, s, examples())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, open(t, path), examples())
}

// TestDatabasesOfOldOpenForEver opens one file for each schema that there ever was. Run with HOLDFAST_UPDATE=1 to make the
// file of a new schema; files that are there are never changed.
func TestDatabasesOfOldOpenForEver(t *testing.T) {
	newest := golden(store.Schema)
	if os.Getenv("HOLDFAST_UPDATE") != "" {
		if _, err := os.Stat(newest); err == nil {
			t.Fatalf("%s is there already", newest)
		}
		s, err := store.Open(newest, with(key(1)))
		if err != nil {
			t.Fatal(err)
		}
		update(t, s, examples().put)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for schema := 1; schema <= store.Schema; schema++ {
		want := examples()
		if schema == 1 {
			want = before(want)
		}
		s := open(t, old(t, schema))
		check(t, s, want)
		// What came later without a new schema is there too.
		past := record.Past{Job: "j1", Account: "a1", Mailbox: "m1", Full: record.Effort{Ended: time.Unix(1, 0).UTC(), Took: time.Minute, Messages: 1, Changed: 2, BytesRead: 3, Requests: 4}}
		update(t, s, func(tx *store.Tx) error { return store.Pasts.Put(tx, past) })
		err := s.View(func(tx *store.Tx) error {
			got, err := store.Pasts.Get(tx, store.PastKey("j1", "a1", "m1"))
			if diff := cmp.Diff(past, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func golden(schema int) string {
	return filepath.Join("testdata", fmt.Sprintf("director-v%d.db", schema))
}

// old returns a copy of the database of a schema.
func old(t *testing.T, schema int) string {
	t.Helper()
	data, err := os.ReadFile(golden(schema))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "director.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScriptsThatLayOpenAreSealed opens a database of schema 1 with a job whose script lies open.
func TestScriptsThatLayOpenAreSealed(t *testing.T) {
	path := old(t, 1)
	stored := func() (job *statev1.Job) {
		t.Helper()
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("jobs"))
			job = &statev1.Job{}
			v := bytes.Clone(b.Get([]byte("j1")))
			if err := proto.Unmarshal(v[8:], job); err != nil {
				return err
			}
			if string(tx.Bucket([]byte("meta")).Get([]byte("schema"))) != "1" {
				return nil
			}
			job.Before = &statev1.Script{Path: "/before", Environment: map[string]string{"PASSWORD": "in the open"}}
			data, err := proto.Marshal(job)
			if err != nil {
				return err
			}
			return b.Put([]byte("j1"), append(v[:8:8], data...))
		})
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	if stored().GetBefore() == nil {
		t.Fatal("the script does not lie open")
	}
	s, err := store.Open(path, with(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, "j1")
		if j.Before == nil || j.Before.Environment["PASSWORD"] != "in the open" {
			t.Errorf("the script is lost: %v", j.Before)
		}
		return err
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if p := stored(); p.GetBefore() != nil || len(p.GetSealedBefore()) == 0 {
		t.Errorf("the script lies open still: %v", p)
	}
}

func TestSecretsAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "director.db")
	s := open(t, path)
	update(t, s, examples().put)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"client secret", "repository passphrase", "ca key", "pfx", "script password", "script token"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%q lies open in the database", secret)
		}
	}
}

func TestSealedSecretsCannotBeMovedToAnotherRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "director.db")
	s := open(t, path)
	update(t, s, func(tx *store.Tx) error {
		for _, id := range []string{"a1", "a2"} {
			a := examples().Account
			a.ID = mail.AccountID(id)
			a.Credential = record.Credential{Secret: "secret of " + id}
			if err := store.Accounts.Put(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	s.Close()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("accounts"))
		// a1's record under a2's name, as far as the name goes.
		return b.Put([]byte("a2"), bytes.ReplaceAll(b.Get([]byte("a1")), []byte("\n\x02a1"), []byte("\n\x02a2")))
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	err = open(t, path).View(func(tx *store.Tx) error {
		_, err := store.Accounts.Get(tx, "a2")
		return err
	})
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("the secret of one account opens for another: %v", err)
	}
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, path string)
		key   []byte
		kind  fault.Kind
		text  string
	}{
		"another key": {func(*testing.T, string) {}, key(2), fault.Unauthorized, "director.key"},
		"a newer schema": {func(t *testing.T, path string) {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("3")) })
			if err != nil {
				t.Fatal(err)
			}
		}, key(1), fault.Unsupported, "newer Director"},
		"another file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, key(1), fault.Corrupt, "not a Director's database"},
		"a store in use": {func(t *testing.T, path string) { open(t, path) }, key(1), fault.Conflict, "another Director"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "director.db")
			s, err := store.Open(path, with(key(1)))
			if err != nil {
				t.Fatal(err)
			}
			update(t, s, examples().put)
			s.Close()
			tc.spoil(t, path)
			before, _ := os.ReadFile(path)
			_, err = store.Open(path, with(tc.key))
			if fault.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v (%v), want kind %v", err, fault.KindOf(err), tc.kind)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOnlyANewStoreMayMakeAKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "director.db")
	var told []bool
	unlock := func(fresh bool) ([]byte, error) {
		told = append(told, fresh)
		return key(1), nil
	}
	for range 2 {
		s, err := store.Open(path, unlock)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if diff := cmp.Diff([]bool{true, false}, told); diff != "" {
		t.Error(diff)
	}
	// A start that died before the key was there leaves a store that is still new.
	path = filepath.Join(t.TempDir(), "director.db")
	if _, err := store.Open(path, func(bool) ([]byte, error) { return nil, errors.New("no disk") }); err == nil {
		t.Fatal("opened without a key")
	}
	told = nil
	s, err := store.Open(path, unlock)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if diff := cmp.Diff([]bool{true}, told); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateIsWholeOrNothing(t *testing.T) {
	s := newStore(t)
	wrong := errors.New("wrong")
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(examples().put(tx), wrong)
	})
	if !errors.Is(err, wrong) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Update(ctx, examples().put); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	_ = s.View(func(tx *store.Tx) error {
		if store.Accounts.Has(tx, "a1") || tx.Revision() != 0 {
			t.Error("something was kept of what failed")
		}
		return nil
	})
}
