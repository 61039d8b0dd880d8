package control

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

const (
	firstID  = "0198c0de-0000-7000-8000-000000000001"
	secondID = "0198c0de-0000-7000-8000-000000000002"
)

// keeper is a service with real repositories and nothing else.
type keeper struct {
	*Service
	t     *testing.T
	dir   string
	tasks int
}

func newKeeper(t *testing.T) *keeper {
	dir := t.TempDir() // before the cleanup, so that it goes after it
	onShelf := shelf.New(func() string { return "tr1" }, time.Now)
	board := task.New(task.Options{})
	t.Cleanup(func() {
		board.Drain(0)
		if err := onShelf.Close(); err != nil {
			t.Error(err)
		}
	})
	s := New(Options{
		Shelf: onShelf, Board: board, Logger: hclog.NewNullLogger(), Now: time.Now,
		Bench: work.New(work.Options{Repositories: onShelf, Now: time.Now}),
	})
	return &keeper{Service: s, t: t, dir: dir}
}

func (k *keeper) create(id, passphrase string) string {
	k.t.Helper()
	path := filepath.Join(k.dir, id)
	q := &transporterv1.CreateRepositoryRequest{RepositoryId: id, Name: "Vault", Path: path}
	if passphrase != "" {
		q.Key = &transporterv1.RepositoryKey{Passphrase: passphrase}
	}
	if _, err := k.CreateRepository(k.t.Context(), q); err != nil {
		k.t.Fatal(err)
	}
	return path
}

// point makes a recovery point of one message in a repository.
func (k *keeper) point(id, mailbox, body string) record.Point {
	k.t.Helper()
	k.tasks++
	ctx, run := k.t.Context(), record.RunID(fmt.Sprint("run", k.tasks))
	v, err := k.Shelf.Vault(ctx, id, record.BackupKey{Account: "a", Mailbox: mail.MailboxID(mailbox), Job: "j"}, run)
	if err != nil {
		k.t.Fatal(err)
	}
	defer v.Close()
	if err := v.Put(ctx, record.Sum([]byte(body)), []byte(body)); err != nil {
		k.t.Fatal(err)
	}
	m := record.Message{
		Message: mail.Message{ID: "m", Folder: "f", Subject: "Contract", Received: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
		Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum([]byte(body)), Size: int64(len(body))}}},
	}
	if err := v.Commit(ctx, backup.Checkpoint{Folder: "f", Cursor: "c", Messages: []record.Message{m}}); err != nil {
		k.t.Fatal(err)
	}
	p, err := v.Seal(ctx, backup.Summary{
		Run: run, Time: time.Date(2026, 5, 1, 2, 3, 0, 0, time.UTC), Folders: []mail.Folder{{ID: "f", Name: "Inbox"}},
		Origin: record.Origin{MailboxAddress: mailbox + "@example.com"},
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

// spoil damages the first blob of every content pack of a repository.
func (k *keeper) spoil(id, path string) {
	k.t.Helper()
	packs, err := filepath.Glob(filepath.Join(path, "packs", "*"))
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.DetachRepository(k.t.Context(), &transporterv1.DetachRepositoryRequest{RepositoryId: id}); err != nil {
		k.t.Fatal(err)
	}
	for _, p := range packs {
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			k.t.Fatal(err)
		}
		kind := make([]byte, 1)
		if _, err := f.ReadAt(kind, 10); err != nil {
			k.t.Fatal(err)
		}
		if kind[0] == 1 {
			if _, err := f.WriteAt([]byte{0xee}, 64+68+5); err != nil {
				k.t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			k.t.Fatal(err)
		}
	}
	if _, err := k.AttachRepository(k.t.Context(), &transporterv1.AttachRepositoryRequest{RepositoryId: id, Path: path}); err != nil {
		k.t.Fatal(err)
	}
}

// task runs a task to its end.
func (k *keeper) task(q *transporterv1.StartTaskRequest) *transporterv1.TaskState {
	k.t.Helper()
	k.tasks++
	q.TaskId, q.Attempt, q.RunId = fmt.Sprint("task", k.tasks), 1, "run"
	if _, err := k.StartTask(k.t.Context(), q); err != nil {
		k.t.Fatal(err)
	}
	var last task.State
	err := k.Board.Watch(context.Background(), task.ID(q.GetTaskId()), func(s task.State) error { last = s; return nil })
	if err != nil {
		k.t.Fatal(err)
	}
	return taskOut(last)
}

func (k *keeper) copy(from, to string) *transporterv1.TaskState {
	k.t.Helper()
	return k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Copy{Copy: &transporterv1.CopyWork{
		RepositoryId: from, TargetRepositoryId: to, Key: &transporterv1.BackupKey{MailboxId: "anna"},
	}}})
}

func TestPointsAreCopiedByATask(t *testing.T) {
	k := newKeeper(t)
	k.create(firstID, "")
	k.create(secondID, "open sesame")
	p := k.point(firstID, "anna", "one")
	k.point(firstID, "bert", "two")
	got := k.copy(firstID, secondID)
	if r := got.GetCopy(); got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || r.GetCopied() != 1 || r.GetBlobs() == 0 ||
		got.GetProgress().GetFoldersDone() != 1 || got.GetProgress().GetBytesNew() != r.GetBytes() {
		t.Errorf("%v", got)
	}
	if got := k.copy(firstID, secondID); got.GetCopy().GetPresent() != 1 || got.GetCopy().GetBlobs() != 0 {
		t.Errorf("again: %v", got)
	}
	for want, ids := range map[string][2]string{
		"not attached":        {firstID, "0198c0de-0000-7000-8000-000000000003"},
		"no backup that fits": {secondID, firstID},
	} {
		if want == "no backup that fits" {
			if _, err := k.DeletePoints(t.Context(), &transporterv1.DeletePointsRequest{RepositoryId: secondID, PointIds: []string{string(p.ID)}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := k.copy(ids[0], ids[1]); got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_FAILED || !strings.Contains(got.GetError(), want) {
			t.Errorf("%s: %v", want, got)
		}
	}
}

func TestDamageIsToldInWords(t *testing.T) {
	k := newKeeper(t)
	path := k.create(firstID, "")
	k.create(secondID, "")
	k.point(firstID, "anna", strings.Repeat("a body of some length ", 50))
	k.spoil(firstID, path)
	const words = `mailbox anna@example.com, the point of 2026-05-01 02:03, folder Inbox, message "Contract" of 2026-04-01 00:00`
	got := k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Verify{Verify: &transporterv1.VerifyWork{RepositoryId: firstID, Full: true}}})
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_INCOMPLETE || !strings.Contains(strings.Join(got.GetVerify().GetDamage(), "\n"), words) {
		t.Errorf("verify: %v", got)
	}
	got = k.copy(firstID, secondID)
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_INCOMPLETE || got.GetCopy().GetLeftOut() != 1 ||
		!strings.Contains(got.GetCopy().GetReasons()[0], words) {
		t.Errorf("copy: %v", got)
	}
}

func TestKeyAndCompressionAreChangedAndARepositoryBegunAnew(t *testing.T) {
	k := newKeeper(t)
	path := k.create(firstID, "first")
	k.point(firstID, "anna", "one")
	change := func(current, next string) error {
		_, err := k.ChangeKey(t.Context(), &transporterv1.ChangeKeyRequest{
			RepositoryId: firstID, Current: &transporterv1.RepositoryKey{Passphrase: current}, Next: &transporterv1.RepositoryKey{Passphrase: next},
		})
		return err
	}
	if err := change("wrong", "second"); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if err := change("first", "second"); err != nil {
		t.Fatal(err)
	}
	set, err := k.SetCodec(t.Context(), &transporterv1.SetCodecRequest{RepositoryId: firstID, Codec: transporterv1.Codec_CODEC_BEST})
	if err != nil || set.GetRepository().GetCodec() != transporterv1.Codec_CODEC_BEST {
		t.Errorf("%v, %v", set, err)
	}
	attach := func(passphrase string, recreate bool) (*transporterv1.Repository, error) {
		got, err := k.AttachRepository(t.Context(), &transporterv1.AttachRepositoryRequest{
			RepositoryId: firstID, Path: path, Key: &transporterv1.RepositoryKey{Passphrase: passphrase}, Recreate: recreate,
		})
		return got.GetRepository(), err
	}
	if _, err := attach("second", true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("while it is attached: %v", err)
	}
	if _, err := k.DetachRepository(t.Context(), &transporterv1.DetachRepositoryRequest{RepositoryId: firstID}); err != nil {
		t.Fatal(err)
	}
	if _, err := attach("first", true); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with the old passphrase: %v", err)
	}
	got, err := attach("second", true)
	if err != nil || got.GetPoints() != 0 || got.GetCodec() != transporterv1.Codec_CODEC_BEST || !got.GetEncrypted() {
		t.Errorf("begun anew: %v, %v", got, err)
	}
}

func TestSpaceIsReclaimedByATask(t *testing.T) {
	k := newKeeper(t)
	k.create(firstID, "")
	gone := k.point(firstID, "anna", "one")
	k.point(firstID, "bert", "two")
	if _, err := k.DeletePoints(t.Context(), &transporterv1.DeletePointsRequest{RepositoryId: firstID, PointIds: []string{string(gone.ID)}}); err != nil {
		t.Fatal(err)
	}
	got := k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Reclaim{Reclaim: &transporterv1.ReclaimWork{RepositoryId: firstID}}})
	if r := got.GetReclaim(); got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || r.GetFreedBytes() <= 0 || r.GetBlobs() == 0 {
		t.Errorf("%v", got)
	}
	got = k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Verify{Verify: &transporterv1.VerifyWork{RepositoryId: firstID, Full: true}}})
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || got.GetVerify().GetPoints() != 1 {
		t.Errorf("afterwards: %v", got)
	}
}

func TestARepairTellsWhatItDidAndWhatIsLost(t *testing.T) {
	k := newKeeper(t)
	path := k.create(firstID, "")
	k.point(firstID, "anna", strings.Repeat("a body of some length ", 50))
	k.spoil(firstID, path)
	got := k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Repair{Repair: &transporterv1.RepairWork{RepositoryId: firstID}}})
	if r := got.GetRepair(); got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_INCOMPLETE || len(r.GetRepaired()) == 0 ||
		!strings.Contains(strings.Join(r.GetDamage(), "\n"), "anna@example.com") {
		t.Errorf("%v", got)
	}
}

func TestASurveyIsShownWithTheRepository(t *testing.T) {
	k := newKeeper(t)
	k.create(firstID, "")
	k.point(firstID, "anna", "one")
	gone := k.point(firstID, "bert", "two")
	if _, err := k.DeletePoints(t.Context(), &transporterv1.DeletePointsRequest{RepositoryId: firstID, PointIds: []string{string(gone.ID)}}); err != nil {
		t.Fatal(err)
	}
	shown, err := k.GetRepository(t.Context(), &transporterv1.GetRepositoryRequest{RepositoryId: firstID})
	if err != nil || shown.GetRepository().GetSurvey() != nil {
		t.Errorf("before a survey: %v, %v", shown, err)
	}
	got := k.task(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Survey{Survey: &transporterv1.SurveyWork{RepositoryId: firstID}}})
	if s := got.GetSurvey(); got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || s.GetNeededBytes() <= 0 || s.GetGarbageBytes() <= 0 {
		t.Errorf("%v", got)
	}
	shown, err = k.GetRepository(t.Context(), &transporterv1.GetRepositoryRequest{RepositoryId: firstID})
	if err != nil || shown.GetRepository().GetSurvey().GetGarbageBytes() != got.GetSurvey().GetGarbageBytes() {
		t.Errorf("after it: %v, %v", shown, err)
	}
	var sizes sizeStream
	if err := k.ListBackups(&transporterv1.ListBackupsRequest{RepositoryId: firstID}, &sizes); err != nil {
		t.Fatal(err)
	}
	if len(sizes.list) != 1 || sizes.list[0].GetOrigin().GetMailboxAddress() != "anna@example.com" || sizes.list[0].GetHeldBytes() <= 0 ||
		sizes.list[0].GetSurveyed() == nil || sizes.list[0].GetMessages() != 1 {
		t.Errorf("%v", sizes.list)
	}
}

// sizeStream gathers what ListBackups sends.
type sizeStream struct {
	grpc.ServerStream
	list []*transporterv1.BackupSize
}

func (*sizeStream) Context() context.Context { return context.Background() }

func (s *sizeStream) Send(m *transporterv1.ListBackupsResponse) error {
	s.list = append(s.list, m.GetBackups()...)
	return nil
}
