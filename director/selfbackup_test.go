package director_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"holdfast/director"
	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

const backupPassphrase = "correct horse battery"

func (h *house) maintenance() dc.MaintenanceServiceClient {
	return dc.NewMaintenanceServiceClient(h.http, h.base, connect.WithInterceptors(&bearer{h}))
}

// backUp has the Director backed up to a folder and returns the newest file in it.
func (h *house) backUp(folder string) string {
	h.t.Helper()
	started, err := h.maintenance().StartDirectorBackup(h.t.Context(), &directorv1.StartDirectorBackupRequest{})
	if err != nil {
		h.t.Fatal(err)
	}
	if got := h.ended(started.GetActivityId()); got.GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED {
		h.t.Fatal(got)
	}
	list, err := h.maintenance().ListDirectorBackups(h.t.Context(), &directorv1.ListDirectorBackupsRequest{})
	if err != nil || len(list.GetFiles()) == 0 {
		h.t.Fatal(list, err)
	}
	return filepath.Join(folder, list.GetFiles()[0].GetName())
}

func (h *house) setBackup(folder, passphrase string, schedules ...*directorv1.Schedule) error {
	_, err := h.maintenance().SetDirectorBackup(h.t.Context(), &directorv1.SetDirectorBackupRequest{
		Backup: &directorv1.DirectorBackup{Folder: folder, Keep: 3, Schedules: schedules}, Passphrase: passphrase,
	})
	return err
}

func TestADirectorThatIsLostComesBackFromItsBackup(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	folder := filepath.Join(t.TempDir(), "safe")
	refused(t, "without a passphrase", h.setBackup(folder, ""), fault.Invalid, "passphrase")
	refused(t, "in the data folder", h.setBackup(filepath.Join(h.options.DataDir, "backups"), backupPassphrase), fault.Invalid, "backup.folder")
	refused(t, "a short passphrase", h.setBackup(folder, "short"), fault.Invalid, "passphrase")
	if err := h.setBackup(folder, backupPassphrase); err != nil {
		t.Fatal(err)
	}
	_, err := h.schedules(r, &directorv1.RepositorySchedules{Detach: everyDay("06:00"), Attach: everyDay("06:01"), Recreate: true}, "Vault")
	if err != nil {
		t.Fatal(err)
	}
	j := h.job(a, r)
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("the run to be at the Transporter", func() bool { return len(p.Tasks()) == 2 })
	file := h.backUp(folder)
	close(hold) // it goes on after the backup, and makes points that the backup does not know
	h.ended(run.GetRun().GetId())
	h.stop()

	restore := func(passphrase string, replace bool) (string, error) {
		var out bytes.Buffer
		err := director.Restore(t.Context(), h.options, file, passphrase, replace, &out)
		return out.String(), err
	}
	if _, err := restore(backupPassphrase, false); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over another Director's state: %v", err)
	}
	if _, err := restore("wrong horse battery", true); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with a wrong passphrase: %v", err)
	}
	h.start() // nothing was touched
	h.look(r)
	if _, err := restore(backupPassphrase, true); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "running") {
		t.Errorf("under a Director that runs: %v", err)
	}
	h.stop()
	if err := os.RemoveAll(h.options.DataDir); err != nil {
		t.Fatal(err)
	}
	said, err := restore(backupPassphrase, false)
	if err != nil || !strings.Contains(said, "1 activities were going on") && !strings.Contains(said, "2 activities were going on") || !strings.Contains(said, "Vault") {
		t.Fatal(said, err)
	}
	h.start()
	if got := h.ended(run.GetRun().GetId()); got.GetStatus() != directorv1.RunStatus_RUN_STATUS_STOPPED || !strings.Contains(got.GetError(), "interrupted") {
		t.Errorf("the run that was going on: %v", got)
	}
	h.eventually("the Transporter to be trusted", func() bool {
		got := h.look(r)
		return got.GetError() == "" && got.GetAttached() && len(h.points(r)) == 2
	})
	if h.look(r).GetSchedules().GetRecreate() {
		t.Error("the repository is still to be deleted by schedule")
	}
	again, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.ended(again.GetRun().GetId()); got.GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Errorf("the next run: %v", got)
	}
	if points := h.points(r); len(points) != 4 {
		t.Errorf("%d points", len(points))
	}
	h.backUp(folder) // the passphrase is still set
	h.stop()
	said, err = restore(backupPassphrase, true)
	if err != nil || !strings.Contains(said, "before-restore-") {
		t.Errorf("%q, %v", said, err)
	}
	h.start()
	if v := h.world.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestTheDirectorIsBackedUpByTheClock(t *testing.T) {
	h, clock := timedHouse(t)
	folder := filepath.Join(t.TempDir(), "safe")
	if err := h.setBackup(folder, backupPassphrase, everyDay("03:00")...); err != nil {
		t.Fatal(err)
	}
	shown := func() *directorv1.DirectorBackup {
		t.Helper()
		got, err := h.maintenance().GetDirectorBackup(t.Context(), &directorv1.GetDirectorBackupRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetBackup()
	}
	if got := shown(); !got.GetPassphraseSet() || got.GetNextStart().AsTime().Hour() != 3 || got.GetLastSucceeded() != nil {
		t.Errorf("got %v", got)
	}
	h.stop()
	clock.until(3)
	// What a backup left that was cut short goes with the next.
	cut := filepath.Join(folder, ".holdfast-director-123")
	if err := os.WriteFile(cut, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.eventually("the backup", func() bool { return shown().GetLastSucceeded() != nil })
	if _, err := os.Stat(cut); err == nil {
		t.Error("what was cut short is still there")
	}
	activity := h.newest(directorv1.ActivityKind_ACTIVITY_KIND_DIRECTOR_BACKUP)
	if !strings.HasPrefix(activity.GetCause(), "schedule: every day at 03:00") {
		t.Errorf("activity: %v", activity)
	}
	h.stop()
	if err := os.RemoveAll(folder); err != nil { // a disk that is not there
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clock.until(3)
	h.start()
	h.eventually("the failure to be told", func() bool { return shown().GetLastError() != "" })
	failed := h.newest(directorv1.ActivityKind_ACTIVITY_KIND_DIRECTOR_BACKUP)
	if failed.GetStatus() != directorv1.RunStatus_RUN_STATUS_FAILED || failed.GetError() == "" {
		t.Errorf("activity: %v", failed)
	}
	if _, text := h.get("/metrics", h.token); !strings.Contains(text, "holdfast_director_backup_failed 1") {
		t.Error("the metric does not tell")
	}
}
