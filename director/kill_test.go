package director_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/director"
	"holdfast/director/internal/fakeporter"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// TestMain lets the test's own program be a Director, so that it can be killed as a process.
func TestMain(m *testing.M) {
	if dir := os.Getenv("HOLDFAST_TEST_BE_DIRECTOR"); dir != "" {
		beDirector(dir, os.Getenv("HOLDFAST_TEST_ADDRESS"))
		return
	}
	m.Run()
}

func beDirector(dir, address string) {
	d, err := director.New(context.Background(), director.Options{
		DataDir: dir, Address: address, StatusEvery: 50 * time.Millisecond, Announce: os.Stdout,
		Retry: director.Retry{Limit: 1000, Base: 5 * time.Millisecond, Max: 50 * time.Millisecond},
	})
	if err == nil {
		err = d.Run(context.Background())
	}
	if err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
	}
}

// process starts a Director as a process on the house's folder and waits until it serves.
func (h *house) process(address string) *exec.Cmd {
	h.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.CommandContext(h.t.Context(), self)
	cmd.Env = append(os.Environ(), "HOLDFAST_TEST_BE_DIRECTOR="+h.options.DataDir, "HOLDFAST_TEST_ADDRESS="+address)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "serves at") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return cmd
		}
	}
	h.t.Fatal("the Director did not come to serve")
	return nil
}

// TestRunEndsRightUnderKillsOfTheProcess kills the Director with SIGKILL at random moments of a run.
func TestRunEndsRightUnderKillsOfTheProcess(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("HOLDFAST_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const kills = 8

	h := newHouse(t)
	_, transporter := h.pair("keep")
	source, pull := h.pair("pull")
	var mailboxes []*transporterv1.Mailbox
	for n := range 30 {
		mailboxes = append(mailboxes, &transporterv1.Mailbox{Id: "m" + strconv.Itoa(n), Name: "Mailbox " + strconv.Itoa(n)})
	}
	a := h.account()
	h.world.Tenant("tenant", "secret", mailboxes...)
	if _, err := h.accounts.RefreshAccount(t.Context(), &directorv1.RefreshAccountRequest{AccountId: a.GetId()}); err != nil {
		t.Fatal(err)
	}
	j := h.job(a, h.repository(transporter))
	j.Options = &directorv1.JobOptions{TransporterIds: []string{pull.GetId()}, MaxTasks: 4}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{}, 10_000)
	source.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: gate} })
	address := strings.TrimPrefix(h.base, "https://")
	h.stop()

	p := h.process(address)
	var run *directorv1.RunJobResponse
	h.eventually("the run to start", func() bool {
		var err error
		run, err = h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
		return err == nil
	})
	for range kills {
		for range random.IntN(5) {
			gate <- struct{}{}
		}
		<-time.After(time.Duration(random.IntN(60)) * time.Millisecond)
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
		p = h.process(address)
	}
	close(gate)
	var got *directorv1.GetRunResponse
	h.eventually("the run to end", func() bool {
		var err error
		got, err = h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId(), Tasks: true})
		return err == nil && got.GetRun().GetEnded() != nil
	})
	if got.GetRun().GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || got.GetRun().GetTasksDone() != 30 {
		t.Errorf("it ended as %v", got.GetRun())
	}
	for _, m := range mailboxes {
		if n := h.world.Seals(run.GetRun().GetId(), m.GetId()); n != 1 {
			t.Errorf("%s was sealed %d times", m.GetId(), n)
		}
	}
	h.eventually("tasks to be forgotten", func() bool { return len(source.Tasks()) == 0 && h.world.OpenTransfers() == 0 })
	for _, v := range h.world.Violations() {
		t.Errorf("violation: %s", v)
	}
	h.http.CloseIdleConnections()
	if err := p.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = p.Wait()
}

// TestFirstStartMayBeKilled kills the very first start again and again: the last one must have all that a first start has.
func TestFirstStartMayBeKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	for n := range 12 {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), "HOLDFAST_TEST_BE_DIRECTOR="+dir, "HOLDFAST_TEST_ADDRESS=127.0.0.1:0")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(n*12) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	h := &house{t: t, world: fakeporter.NewWorld(), options: director.Options{DataDir: dir, Address: "127.0.0.1:0"}}
	h.start()
	defer h.stop()
	if _, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{}); err != nil {
		t.Errorf("the operator's token: %v", err)
	}
	first := strings.TrimSpace(string(h.file("first-password")))
	if s, err := h.system.SignIn(t.Context(), &directorv1.SignInRequest{User: "admin", Password: first}); err != nil || !s.GetPasswordChangeRequired() {
		t.Errorf("the one-time password: %v, %v", s, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("a")
	p, _ := h.pair("b")
	hold := make(chan struct{})
	a := h.account()
	j := h.job(a, h.repository(transporter))
	for _, porter := range []*fakeporter.Porter{p} {
		porter.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	}
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := h.jobs.WatchRun(t.Context(), &directorv1.WatchRunRequest{RunId: run.GetRun().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	begun := time.Now()
	h.stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("shutting down beneath a watch took %v", took)
	}
	for stream.Receive() {
	}
	if stream.Err() == nil {
		t.Log("the watch ended with the run")
	}
	if _, err := h.http.Get(h.base + "/healthz"); err == nil || errors.Is(err, http.ErrServerClosed) {
		t.Error("it serves still")
	}
	close(hold)
}
