package plainreader

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manifest is what a sample says of itself, as far as this reader understands it.
type manifest struct {
	Points []struct {
		Info    struct{ ID, Run string }
		Losses  []any
		Folders []struct {
			Folder   struct{ ID string }
			Messages []struct {
				ID       string
				Contents []struct {
					SHA256 string
					Size   int64
				}
				Record struct{ Subject *string }
			}
		}
	}
	Staged []struct {
		Cursor   string
		Messages map[string]any
	}
}

const passphrase = "correct horse battery staple, not a secret"

func TestTheDocumentationIsEnoughToReadARepository(t *testing.T) {
	dirs, err := filepath.Glob("../testdata/golden/*/*")
	if err != nil || len(dirs) < 7 {
		t.Fatal(dirs, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want manifest
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			r, err := open(filepath.Join(dir, "vault"), passphrase, filepath.Join(dir, "vault.key"))
			if err != nil {
				t.Fatal(err)
			}
			if r.packs["pack"] == 0 || r.packs["open"] == 0 {
				t.Errorf("packs: %v", r.packs)
			}
			comparePoints(t, r, &want)
			compareJournals(t, r, filepath.Join(dir, "vault"), &want)
		})
	}
}

func comparePoints(t *testing.T, r *repository, want *manifest) {
	t.Helper()
	got, err := r.points()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want.Points) {
		t.Errorf("%d points, want %d", len(got), len(want.Points))
	}
	for _, w := range want.Points {
		p, ok := got[w.Info.ID]
		if !ok {
			t.Fatalf("point %s is missing", w.Info.ID)
		}
		if p.run != w.Info.Run || p.losses != len(w.Losses) || len(p.folders) != len(w.Folders) {
			t.Errorf("run %q, %d losses, %d folders, want %q, %d, %d", p.run, p.losses, len(p.folders), w.Info.Run, len(w.Losses), len(w.Folders))
		}
		for _, f := range w.Folders {
			list := p.folders[f.Folder.ID] // the samples' folders are named as they are identified
			if len(list) != len(f.Messages) {
				t.Fatalf("%s: %d messages, want %d", f.Folder.ID, len(list), len(f.Messages))
			}
			for i, m := range f.Messages {
				wantMail := mail{id: m.ID, subject: list[i].subject}
				if m.Record.Subject != nil {
					wantMail.subject = *m.Record.Subject
				}
				for _, c := range m.Contents {
					wantMail.contents = append(wantMail.contents, content{c.SHA256, c.Size})
				}
				if diff := cmp.Diff(wantMail, list[i], cmp.AllowUnexported(mail{}, content{})); diff != "" {
					t.Errorf("message %s:\n%s", m.ID, diff)
				}
			}
		}
	}
}

func compareJournals(t *testing.T, r *repository, dir string, want *manifest) {
	t.Helper()
	var wantIDs, ids []string
	for _, s := range want.Staged {
		for id := range s.Messages {
			wantIDs = append(wantIDs, id)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "staging", "*.journal"))
	if err != nil || len(files) != len(want.Staged) {
		t.Fatalf("%d journals, want %d, %v", len(files), len(want.Staged), err)
	}
	for _, f := range files {
		staged, at, err := r.journal(f)
		if err != nil || at != want.Staged[0].Cursor {
			t.Errorf("cursor %q, %v", at, err)
		}
		ids = append(ids, staged...)
	}
	slices.Sort(wantIDs)
	slices.Sort(ids)
	if diff := cmp.Diff(wantIDs, ids); diff != "" {
		t.Error(diff)
	}
}
