package director_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// TestASupportBundleHoldsNoSecretNoMailAndNobodysAddress plants what must not come out wherever it may lie, also in errors that
// quote it, and looks for it in the bundle.
func TestASupportBundleHoldsNoSecretNoMailAndNobodysAddress(t *testing.T) {
	h := newHouse(t)
	h.options.RecentLog = func() []byte {
		return []byte("[WARN] director: a line of the log: mailbox=m7 error=\"mailbox of ada@example.com: subject \\\"Planned subject of a mail\\\"\"\n")
	}
	h.stop()
	h.start()
	h.tenant()
	porter, transporter := h.pair("keep")
	if code, out, errs := h.shell(configSecrets, "config", "apply", write(t, configured(t, transporter, t.TempDir())), "--yes"); code != 0 {
		t.Fatalf("apply: exit %d: %s%s", code, out, errs)
	}
	porter.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
		return fakeporter.Plan{Fault: fault.New(fault.Denied, `message "Planned subject of a mail" of ada@example.com <Ada>, also stranger@elsewhere.example; sent with swordfish`)}
	})
	list, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	if err != nil || len(list.GetJobs()) == 0 {
		t.Fatalf("got %v, %v", list, err)
	}
	for _, j := range list.GetJobs() {
		if j.GetDraft() {
			continue
		}
		j.Before, j.After, j.Options = nil, nil, &directorv1.JobOptions{Retries: new(int32)}
		if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
			t.Fatal(err)
		}
		run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
		if err != nil {
			continue
		}
		h.eventually("the run to fail", func() bool {
			got, err := h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId()})
			return err == nil && got.GetRun().GetEnded() != nil
		})
	}
	resp, body := h.get("/download/support-bundle", h.token)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("got %s: %s", resp.Status, body)
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	forbidden := []string{
		"ada@example.com", "bo@example.com", "stranger@elsewhere.example", "Ada", "Planned subject", "a good passphrase", "swordfish", "t0ken",
		"a secret that signs well enough", "another good passphrase", strings.TrimSpace(string(h.file("cli-token"))), strings.TrimSpace(string(h.file("director.key"))),
		"PRIVATE KEY",
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[strings.TrimPrefix(f.Name, "holdfast-support/")] = string(text)
		for _, secret := range forbidden {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds %q", f.Name, secret)
			}
		}
		if strings.HasSuffix(f.Name, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON: %s", f.Name, text)
		}
	}
	var m struct {
		Version string
		Missing map[string]string
	}
	if err := json.Unmarshal([]byte(parts["manifest.json"]), &m); err != nil || m.Version != "test" || len(m.Missing) != 0 {
		t.Errorf("the manifest is %s (%v)", parts["manifest.json"], err)
	}
	for name, want := range map[string]string{
		"configuration.yaml": "jobs:", "faults.json": "[hidden]", "activities.json": `"Failed"`, "places.json": "Repositories", "problems.json": "problems",
		"director.log": "a line of the log",
	} {
		if !strings.Contains(parts[name], want) {
			t.Errorf("%s does not say %q: %s", name, want, parts[name])
		}
	}
	if resp, _ := h.get("/download/support-bundle", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody gets %s", resp.Status)
	}
}
