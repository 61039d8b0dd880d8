package transporter_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter"
)

func options(t *testing.T) transporter.Options {
	return transporter.Options{Logger: hclog.New(&hclog.LoggerOptions{Output: testWriter{t}, Level: hclog.Info})}
}

func TestWhatWasDeletedComesBackAsItWas(t *testing.T) {
	d, boxes := work(t, company(3, 60), &transporterv1.RepositoryKey{Passphrase: "correct horse"})
	original := d.truth(boxes[0])
	first := d.doBackup(boxes[0])
	if first.GetProgress().GetRequests() == 0 || first.GetProgress().GetMessagesChanged() == 0 {
		t.Errorf("a first backup with progress %v", first.GetProgress())
	}
	if _, err := d.tenant.Change(boxes[0], graphsim.Change{Do: "permanent", Random: 25, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	plan := d.doRecovery(&transporterv1.RecoveryWork{
		Mailbox: &transporterv1.Mailbox{Id: boxes[0]}, PointId: first.GetPoint().GetId(), PlanOnly: true,
	})
	if got := d.truth(boxes[0]); len(graphsim.Compare(original, got, graphsim.CompareOptions{})) == 0 {
		t.Error("the plan wrote something")
	}
	done := d.doRecovery(&transporterv1.RecoveryWork{
		Mailbox: &transporterv1.Mailbox{Id: boxes[0]}, PointId: first.GetPoint().GetId(), IfExists: transporterv1.IfExists_IF_EXISTS_SKIP,
	})
	r := done.GetRecovery()
	if r.GetCreated() != 25 || r.GetFailed() != 0 || r.GetCreated() != plan.GetRecovery().GetCreated() || r.GetSkipped() != plan.GetRecovery().GetSkipped() {
		t.Errorf("done %v, planned %v, want 25 created", r, plan.GetRecovery())
	}
	d.same("recovered", original, d.truth(boxes[0]), graphsim.CompareOptions{})
	again := d.doRecovery(&transporterv1.RecoveryWork{Mailbox: &transporterv1.Mailbox{Id: boxes[0]}, PointId: first.GetPoint().GetId()})
	if again.GetRecovery().GetCreated() != 0 {
		t.Errorf("a second recovery created %d", again.GetRecovery().GetCreated())
	}
}

func TestAWholeMailboxComesBackElsewhereUnderItsRoles(t *testing.T) {
	d, boxes := work(t, company(2, 50), nil)
	point := d.doBackup(boxes[0]).GetPoint()
	empty, err := d.tenant.AddUsers(graphsim.User{DisplayName: "Spare Box", Mailbox: true, AccountEnabled: true, Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	done := d.doRecovery(&transporterv1.RecoveryWork{Mailbox: &transporterv1.Mailbox{Id: empty[0].ID}, PointId: point.GetId()})
	if r := done.GetRecovery(); r.GetCreated() != point.GetCounts().GetMessages() || r.GetFailed() != 0 {
		t.Errorf("got %v, want %d created", r, point.GetCounts().GetMessages())
	}
	// Default folders go by role, so paths are compared by the role that they begin with.
	roles := map[string]string{}
	for _, l := range d.truth(boxes[0]) {
		if l.Folder != nil && l.Folder.Role != "" {
			for _, m := range d.truth(empty[0].ID) {
				if m.Folder != nil && m.Folder.Role == l.Folder.Role {
					roles[l.Folder.Path] = m.Folder.Path
				}
			}
		}
	}
	d.same("elsewhere", d.truth(boxes[0]), d.truth(empty[0].ID), graphsim.CompareOptions{Folder: func(path string) string {
		for from, to := range roles {
			if path == from || strings.HasPrefix(path, from+graphsim.PathSeparator) {
				return to + strings.TrimPrefix(path, from)
			}
		}
		return path
	}})
}

func TestALargeAttachmentComesBackByteForByte(t *testing.T) {
	d, boxes := work(t, company(1, 3), nil)
	if err := d.tenant.AddLarge(boxes[0], graphsim.Large{Subject: "big", Name: "big.bin", Size: 12 << 20, Seed: 5}); err != nil {
		t.Fatal(err)
	}
	original := d.truth(boxes[0])
	point := d.doBackup(boxes[0]).GetPoint()
	if _, err := d.tenant.Change(boxes[0], graphsim.Change{Do: "permanent"}); err != nil {
		t.Fatal(err)
	}
	d.doRecovery(&transporterv1.RecoveryWork{Mailbox: &transporterv1.Mailbox{Id: boxes[0]}, PointId: point.GetId()})
	d.same("large", original, d.truth(boxes[0]), graphsim.CompareOptions{NoFolders: true})
}

func TestARepositoryIsBrowsed(t *testing.T) {
	d, boxes := work(t, company(2, 30), nil)
	point := d.doBackup(boxes[0]).GetPoint()
	d.doBackup(boxes[1])
	stream, err := d.c.ListPoints(t.Context(), &transporterv1.ListPointsRequest{RepositoryId: d.repo, Key: &transporterv1.BackupKey{MailboxId: boxes[0]}})
	var points []*transporterv1.Point
	for _, part := range drainStream(t, stream, err) {
		points = append(points, part.GetPoints()...)
	}
	if len(points) != 1 || points[0].GetId() != point.GetId() {
		t.Fatalf("got points %v, want %s", points, point.GetId())
	}
	tree, err := d.c.ListFolders(t.Context(), &transporterv1.ListFoldersRequest{RepositoryId: d.repo, PointId: point.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	var seen, bodies, attachments int64
	for _, f := range tree.GetFolders() {
		var offset int64
		for {
			page, err := d.c.ListMessages(t.Context(), &transporterv1.ListMessagesRequest{
				RepositoryId: d.repo, PointId: point.GetId(), FolderId: f.GetId(), Offset: offset, Limit: 7,
			})
			if err != nil {
				t.Fatal(err)
			}
			if page.GetTotal() != f.GetMessages() {
				t.Errorf("folder %s has %d messages, its list %d", f.GetName(), f.GetMessages(), page.GetTotal())
			}
			for _, m := range page.GetMessages() {
				seen++
				for i := range m.GetAttachments() + 1 {
					stream, err := d.c.ReadContent(t.Context(), &transporterv1.ReadContentRequest{
						RepositoryId: d.repo, PointId: point.GetId(), FolderId: f.GetId(), MessageId: m.GetId(), Attachment: i,
					})
					if err != nil {
						t.Fatal(err)
					}
					head, err := stream.Recv()
					if fault.KindOf(err) == fault.Unsupported {
						continue // an attached message
					}
					if err != nil {
						t.Fatal(err)
					}
					n := int64(len(head.GetData()))
					for _, part := range drainStream(t, stream, nil) {
						n += int64(len(part.GetData()))
					}
					if n != head.GetSize() {
						t.Errorf("content %d of %s has %d bytes, not %d", i, m.GetId(), n, head.GetSize())
					}
					if i == 0 {
						bodies++
					} else {
						attachments++
					}
				}
			}
			offset += int64(len(page.GetMessages()))
			if len(page.GetMessages()) < 7 {
				break
			}
		}
	}
	if seen != point.GetCounts().GetMessages() || bodies != seen || attachments == 0 {
		t.Errorf("saw %d messages, %d bodies, %d attachments; the point counts %v", seen, bodies, attachments, point.GetCounts())
	}
	_, err = d.c.ListMessages(t.Context(), &transporterv1.ListMessagesRequest{RepositoryId: d.repo, PointId: point.GetId(), FolderId: "no such"})
	kindIs(t, "a folder that is not there", err, fault.NotFound)
	_, err = d.c.DeletePoints(t.Context(), &transporterv1.DeletePointsRequest{RepositoryId: d.repo, PointIds: []string{point.GetId(), point.GetId()}})
	if err != nil {
		t.Error(err)
	}
	_, err = d.c.ListFolders(t.Context(), &transporterv1.ListFoldersRequest{RepositoryId: d.repo, PointId: point.GetId()})
	kindIs(t, "a deleted point", err, fault.NotFound)
}

func TestARepositoryIsMadeDetachedAttachedAndDeleted(t *testing.T) {
	d, boxes := work(t, company(1, 5), &transporterv1.RepositoryKey{Passphrase: "p1"})
	d.doBackup(boxes[0])
	got, err := d.c.GetRepository(t.Context(), &transporterv1.GetRepositoryRequest{RepositoryId: d.repo})
	if err != nil {
		t.Fatal(err)
	}
	r := got.GetRepository()
	if !r.GetEncrypted() || r.GetPoints() != 1 || r.GetBlobs() == 0 || r.GetStoredBytes() == 0 || r.GetTotalBytes() == 0 {
		t.Errorf("got %v", r)
	}
	if again := d.createRepository(r.GetPath(), &transporterv1.RepositoryKey{Passphrase: "p1"}); again.GetPoints() != 1 {
		t.Errorf("creating it again gave %v", again)
	}
	folder, err := d.c.CheckFolder(t.Context(), &transporterv1.CheckFolderRequest{Path: r.GetPath()})
	if err != nil || !folder.GetIsRepository() || !folder.GetExists() || folder.GetFreeBytes() == 0 {
		t.Errorf("its folder: %v, %v", folder, err)
	}
	if _, err := d.c.CheckFolder(t.Context(), &transporterv1.CheckFolderRequest{Path: "/proc/nowhere"}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a folder that cannot be: %v, want one sentence", err)
	}
	for range 2 {
		if _, err := d.c.DetachRepository(t.Context(), &transporterv1.DetachRepositoryRequest{RepositoryId: d.repo}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = d.c.GetRepository(t.Context(), &transporterv1.GetRepositoryRequest{RepositoryId: d.repo})
	kindIs(t, "a detached repository", err, fault.NotFound)
	attach := &transporterv1.AttachRepositoryRequest{RepositoryId: d.repo, Path: r.GetPath(), Key: &transporterv1.RepositoryKey{Passphrase: "wrong"}}
	_, err = d.c.AttachRepository(t.Context(), attach)
	kindIs(t, "the wrong passphrase", err, fault.Unauthorized)
	attach.Key.Passphrase = "p1"
	for range 2 {
		if _, err := d.c.AttachRepository(t.Context(), attach); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := d.c.DeleteRepository(t.Context(), &transporterv1.DeleteRepositoryRequest{RepositoryId: d.repo, Path: r.GetPath()}); err != nil {
			t.Fatal(err)
		}
	}
	folder, err = d.c.CheckFolder(t.Context(), &transporterv1.CheckFolderRequest{Path: r.GetPath()})
	if err != nil || folder.GetExists() {
		t.Errorf("after deletion its folder is %v, %v", folder, err)
	}
}

func TestAVerificationReportsWhatItFound(t *testing.T) {
	d, boxes := work(t, company(1, 10), nil)
	d.doBackup(boxes[0])
	got := d.do(&transporterv1.StartTaskRequest{Work: &transporterv1.StartTaskRequest_Verify{
		Verify: &transporterv1.VerifyWork{RepositoryId: d.repo, Full: true},
	}})
	v := got.GetVerify()
	if got.GetStatus() != transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED || v.GetPoints() != 1 || v.GetBlobs() == 0 || len(v.GetDamage()) > 0 {
		t.Errorf("got %v: %v", got.GetStatus(), v)
	}
}

func TestAccountsAreCheckedAndMailboxesListed(t *testing.T) {
	d, boxes := work(t, company(3, 2), nil)
	got, err := d.c.CheckAccount(t.Context(), &transporterv1.CheckAccountRequest{Account: d.account})
	if err != nil || len(got.GetPermissions()) == 0 {
		t.Fatalf("got %v, %v", got, err)
	}
	stream, err := d.c.ListMailboxes(t.Context(), &transporterv1.ListMailboxesRequest{Account: d.account})
	n := 0
	for _, part := range drainStream(t, stream, err) {
		n += len(part.GetMailboxes())
	}
	if n != len(boxes) {
		t.Errorf("listed %d mailboxes, want %d", n, len(boxes))
	}
	wrong := account(d.tenant)
	wrong.ClientSecret = "wrong"
	_, err = d.c.CheckAccount(t.Context(), &transporterv1.CheckAccountRequest{Account: wrong})
	kindIs(t, "a wrong secret", err, fault.Unauthorized)
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v is not one sentence", err)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	var log bytes.Buffer
	s, boxes := tenant(t, company(1, 20))
	p, c := paired(t, newDirector(t), transporter.Options{Logger: hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})}, "tr1")
	d := &desk{t: t, c: c, tenant: s, account: account(s), repo: "0198c0de-0000-7000-8000-000000000003"}
	d.createRepository(t.TempDir()+"/vault", &transporterv1.RepositoryKey{Passphrase: "open sesame"})
	point := d.doBackup(boxes[0]).GetPoint()
	d.doRecovery(&transporterv1.RecoveryWork{
		Mailbox: &transporterv1.Mailbox{Id: boxes[0]}, PointId: point.GetId(), IntoFolder: "Back again",
	})
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	forbidden := []string{"open sesame", graphsim.DefaultSecret, "Back again", "Bearer", "eyJ", "@contoso.example", p.out.code(t, 1).String()}
	for _, l := range d.truth(boxes[0]) {
		if l.Message != nil && len(l.Message.Subject) > 12 {
			forbidden = append(forbidden, l.Message.Subject)
		}
	}
	for _, word := range forbidden {
		if strings.Contains(log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}
