package transporter_test

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
)

// two Transporters: pull reads the tenant, keep has the repository.
type two struct {
	*desk     // of pull
	keep      transporterv1.ControlServiceClient
	mailboxes []string
}

func transporters(t *testing.T, o graphsim.SeedOptions) *two {
	t.Helper()
	s, mailboxes := tenant(t, o)
	d := newDirector(t)
	_, pull := paired(t, d, options(t), "pull")
	second := options(t)
	second.ControlAddress = address(t)
	second.TransferPortFirst, second.TransferPortLast = 19448, 19548
	_, keep := paired(t, d, second, "keep")
	x := &two{
		desk: &desk{t: t, c: pull, tenant: s, account: account(s), repo: "0198c0de-0000-7000-8000-000000000002"},
		keep: keep, mailboxes: mailboxes,
	}
	other := &desk{t: t, c: keep, tenant: s, account: x.account, repo: x.repo}
	other.createRepository(filepath.Join(t.TempDir(), "vault"), &transporterv1.RepositoryKey{Passphrase: "far away"})
	if _, err := ready(t, status(pull)); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *two) open(task, mailbox, source string) *transporterv1.OpenTransferResponse {
	x.t.Helper()
	got, err := x.keep.OpenTransfer(x.t.Context(), &transporterv1.OpenTransferRequest{
		TaskId: task, RepositoryId: x.repo, Key: x.key(mailbox), SourceTransporterId: source,
	}, grpc.WaitForReady(true))
	if err != nil {
		x.t.Fatal(err)
	}
	return got
}

// pull runs a backup task through an opened transfer.
func (x *two) pull(task string, attempt int32, mailbox string, o *transporterv1.OpenTransferResponse) *transporterv1.TaskState {
	x.t.Helper()
	w := x.backup(mailbox)
	w.Vault = &transporterv1.VaultAddress{Vault: &transporterv1.VaultAddress_Remote{Remote: &transporterv1.RemoteVault{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(o.GetPort()))), TransporterId: "keep", Token: o.GetToken(),
	}}}
	return x.do(&transporterv1.StartTaskRequest{TaskId: task, Attempt: attempt, Work: &transporterv1.StartTaskRequest_Backup{Backup: w}})
}

func TestABackupStreamsToARepositoryElsewhere(t *testing.T) {
	x := transporters(t, company(2, 40))
	box := x.mailboxes[0]
	var last *transporterv1.TaskState
	for i, id := range []string{"t1", "t2"} {
		opened := x.open(id, box, "pull")
		last = x.pull(id, 1, box, opened)
		if last.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED {
			t.Fatalf("backup %d: %v %s", i+1, last.GetStatus(), last.GetError())
		}
		closed(t, opened.GetPort())
	}
	if n := last.GetProgress().GetMessagesChanged(); n != 0 {
		t.Errorf("an unchanged mailbox had %d changes", n)
	}
	got, err := x.keep.GetRepository(t.Context(), &transporterv1.GetRepositoryRequest{RepositoryId: x.repo})
	if err != nil || got.GetRepository().GetPoints() != 2 {
		t.Errorf("got %v, %v, want 2 points", got.GetRepository(), err)
	}
	// The other Transporter recovers from its own repository.
	original := x.truth(box)
	if _, err := x.tenant.Change(box, graphsim.Change{Do: "permanent", Random: 10, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	there := &desk{t: t, c: x.keep, tenant: x.tenant, account: x.account, repo: x.repo, tasks: 5}
	there.doRecovery(&transporterv1.RecoveryWork{Mailbox: &transporterv1.Mailbox{Id: box}, PointId: last.GetPoint().GetId()})
	x.same("recovered", original, x.truth(box), graphsim.CompareOptions{})
}

// closed waits until nothing listens on the port any more.
func closed(t *testing.T, port int32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Errorf("port %d is still open", port)
}

func TestATransferIsForItsSourceAndItsTokenOnly(t *testing.T) {
	x := transporters(t, company(1, 5))
	box := x.mailboxes[0]
	got := x.pull("t1", 1, box, x.open("t1", box, "somebody else"))
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_FAILED {
		t.Errorf("a source that the port is not for: %v", got.GetStatus())
	}
	opened := x.open("t2", box, "pull")
	opened.Token[0] ^= 1
	got = x.pull("t2", 1, box, opened)
	if fault.Kind(got.GetFaultKind()) != fault.Unauthorized {
		t.Errorf("a wrong token: %v %s", got.GetStatus(), got.GetError())
	}
	_, err := x.keep.OpenTransfer(t.Context(), &transporterv1.OpenTransferRequest{
		TaskId: "t3", RepositoryId: "no such", Key: x.key(box), SourceTransporterId: "pull",
	})
	kindIs(t, "a repository that is not attached", err, fault.NotFound)
}

func TestANewTransferForATaskClosesTheEarlierOne(t *testing.T) {
	x := transporters(t, company(1, 5))
	box := x.mailboxes[0]
	first := x.open("t1", box, "pull")
	second := x.open("t1", box, "pull")
	closed(t, first.GetPort())
	for range 2 {
		_, err := x.keep.CloseTransfer(t.Context(), &transporterv1.CloseTransferRequest{TransferId: second.GetTransferId()})
		if err != nil {
			t.Fatal(err)
		}
	}
	closed(t, second.GetPort())
	got := x.pull("t1", 1, box, second)
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_FAILED || !got.GetTemporary() {
		t.Errorf("a closed port: %v %q, temporary %v", got.GetStatus(), got.GetError(), got.GetTemporary())
	}
	third := x.open("t1", box, "pull")
	for _, what := range []string{"the second attempt", "the second attempt, asked for again"} {
		got = x.pull("t1", 2, box, third)
		if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || got.GetAttempt() != 2 {
			t.Errorf("%s: %v %q", what, got.GetStatus(), got.GetError())
		}
	}
}

func TestDrainingLeavesWorkThatGoesOn(t *testing.T) {
	s, boxes := tenant(t, company(1, 120))
	if err := s.Control().SetSettings(t.Context(), graphsim.Settings{Latency: 30 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	d := newDirector(t)
	p, c := paired(t, d, options(t), "tr1")
	k := &desk{t: t, c: c, tenant: s, account: account(s), repo: "0198c0de-0000-7000-8000-000000000003"}
	path := filepath.Join(t.TempDir(), "vault")
	k.createRepository(path, nil)
	if _, err := c.StartTask(t.Context(), &transporterv1.StartTaskRequest{
		TaskId: "t1", Attempt: 1, RunId: "run1", Work: &transporterv1.StartTaskRequest_Backup{Backup: k.backup(boxes[0])},
	}); err != nil {
		t.Fatal(err)
	}
	stream, err := c.WatchTask(t.Context(), &transporterv1.WatchTaskRequest{TaskId: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		got, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got.GetState().GetProgress().GetRequests() > 3 {
			break
		}
	}
	if err := p.stop(); err != nil {
		t.Fatalf("the drain ended with %v", err)
	}
	for err == nil {
		_, err = stream.Recv()
	}
	kindIs(t, "a watch over a shutdown", err, fault.Unavailable)

	again := start(t, p.options)
	k.c = d.control(again.options.ControlAddress, d.own, "tr1")
	if _, err := k.c.AttachRepository(t.Context(), &transporterv1.AttachRepositoryRequest{RepositoryId: k.repo, Path: path}, grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	got := k.do(&transporterv1.StartTaskRequest{TaskId: "t1", Attempt: 2, Work: &transporterv1.StartTaskRequest_Backup{Backup: k.backup(boxes[0])}})
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || got.GetPoint().GetCounts().GetMessages() == 0 {
		t.Errorf("after the restart: %v %s", got.GetStatus(), got.GetError())
	}
}
