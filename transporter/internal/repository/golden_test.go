package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
)

// goldenManifest is what a sample repository holds.
type goldenManifest struct {
	Points  []goldenPoint
	Deleted []record.PointID
	Staged  []goldenStaged
}

type goldenPoint struct {
	Info    json.RawMessage // record.Point
	Losses  json.RawMessage // []mail.Loss
	Folders []goldenFolder
}

type goldenFolder struct {
	Folder   json.RawMessage // mail.Folder
	Messages []goldenMessage
}

type goldenMessage struct {
	ID       string
	Contents []goldenContent // in the order of the record: body, MIME, attachments, each item's within
	Record   json.RawMessage `json:",omitempty"` // record.Message; of some only, to keep the manifest short
}

type goldenContent struct {
	SHA256 string
	Size   int64
}

type goldenStaged struct {
	Key      record.BackupKey
	Folder   mail.FolderID
	Cursor   mail.Cursor
	Messages map[mail.MessageID]json.RawMessage
}

// manifestOf reads a point as a whole.
func manifestOf(t *testing.T, r *Repository, p record.Point) goldenPoint {
	t.Helper()
	pt, err := r.Point(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	losses, err := pt.Losses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := goldenPoint{Info: asJSON(t, pt.Info()), Losses: asJSON(t, losses)}
	for _, f := range pt.Folders() {
		gf := goldenFolder{Folder: asJSON(t, f.Folder)}
		for m, err := range pt.All(t.Context(), f.ID) {
			if err != nil {
				t.Fatal(err)
			}
			gm := goldenMessage{ID: string(m.ID), Record: asJSON(t, m)}
			err := message.Contents(m, func(c *record.Content) error {
				rc := r.Content(t.Context(), *c)
				defer rc.Close()
				h := sha256.New()
				n, err := io.Copy(h, rc)
				gm.Contents = append(gm.Contents, goldenContent{hex.EncodeToString(h.Sum(nil)), n})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			gf.Messages = append(gf.Messages, gm)
		}
		out.Folders = append(out.Folders, gf)
	}
	return out
}

// within reports where got lacks something of want. Records may learn new fields: got may have more.
func within(want, got any, at string) error {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %v, want %v", at, got, want)
		}
		for k, v := range w {
			if err := within(v, g[k], at+"."+k); err != nil {
				return err
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%s: %v, want %v", at, got, want)
		}
		for i := range w {
			if err := within(w[i], g[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s: %v, want %v", at, got, want)
	}
	return nil
}

func compareJSON(t *testing.T, want, got any, at string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal(asJSON(t, want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON(t, got), &g); err != nil {
		t.Fatal(err)
	}
	if err := within(w, g, at); err != nil {
		t.Error(err)
	}
}

// samples calls fn for a copy of each sample repository.
func samples(t *testing.T, fn func(t *testing.T, o Options, want *goldenManifest)) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(goldenDir, "*", "*"))
	if err != nil || len(dirs) < len(goldenOptions) {
		t.Fatalf("%d samples, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			to := t.TempDir()
			if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			var want goldenManifest
			text, err := os.ReadFile(filepath.Join(to, "manifest.json"))
			if err == nil {
				err = json.Unmarshal(text, &want)
			}
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Path: filepath.Join(to, "vault"), Transporter: "golden", Secret: goldenOptions[filepath.Base(dir)].Secret}
			if o.Secret.KeyFile != "" {
				o.Secret.KeyFile = filepath.Join(to, o.Secret.KeyFile)
			}
			fn(t, o, &want)
		})
	}
}

func TestGoldenRepositoriesOpenForEver(t *testing.T) {
	samples(t, func(t *testing.T, o Options, want *goldenManifest) {
		for _, how := range []string{"as it is", "rebuilt", "without index"} {
			open := Open
			switch how {
			case "rebuilt":
				open = Rebuild
			case "without index":
				loseIndex(t, o)
			}
			r, err := open(t.Context(), o)
			if err != nil {
				t.Fatal(how, err)
			}
			checkGolden(t, r, want)
			closed(t, r)
		}
	})
}

func checkGolden(t *testing.T, r *Repository, want *goldenManifest) {
	t.Helper()
	if report := soundBut(t, r); int(report.Points) != len(want.Points) {
		t.Errorf("%d points, want %d", report.Points, len(want.Points))
	}
	points, err := r.points(t.Context(), nil)
	if err != nil || len(points) != len(want.Points) {
		t.Fatalf("%d points, want %d, %v", len(points), len(want.Points), err)
	}
	for i := range want.Points {
		var p record.Point
		if err := json.Unmarshal(want.Points[i].Info, &p); err != nil {
			t.Fatal(err)
		}
		compareJSON(t, want.Points[i], manifestOf(t, r, p), string(p.Run))
	}
	for _, id := range want.Deleted {
		if _, err := r.Point(t.Context(), id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a deleted point is back: %v", err)
		}
	}
	for _, staged := range want.Staged {
		s, err := r.Begin(t.Context(), staged.Key, "later")
		if err != nil {
			t.Fatal(err)
		}
		cursors := map[mail.FolderID]mail.Cursor{}
		for _, f := range s.State().Folders {
			cursors[f.Folder] = f.Cursor
		}
		if !s.State().Resumed || cursors[staged.Folder] != staged.Cursor {
			t.Errorf("%+v is not gone on with: %v", staged.Key, cursors)
		}
		for id, m := range staged.Messages {
			compareJSON(t, m, looked(t, s, id), string(id))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASessionOfAGoldenRepositoryIsSealed(t *testing.T) {
	samples(t, func(t *testing.T, o Options, want *goldenManifest) {
		r := mustOpen(t, o)
		for _, staged := range want.Staged {
			s, err := r.Begin(t.Context(), staged.Key, "later")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Seal(t.Context(), summary("later", "root", "inbox"))
			if err != nil {
				t.Fatal(err)
			}
			pt, err := r.Point(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			for id, m := range staged.Messages {
				got, err := pt.Message(t.Context(), "inbox", id)
				if err != nil {
					t.Fatal(err)
				}
				compareJSON(t, m, got, string(id))
			}
		}
		soundBut(t, r)
		closed(t, r)
	})
}

// soundBut checks that nothing is wrong with a repository but torn ends.
func soundBut(t *testing.T, r *Repository) *Report {
	t.Helper()
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(report.Problems, r.Problems()...) {
		if !tornByCrash(p) {
			t.Errorf("%+v", p)
		}
	}
	if len(report.Damage) > 0 {
		t.Errorf("%+v", report.Damage)
	}
	return report
}

func TestTheSamplesHaveWhatTheyAreFor(t *testing.T) {
	samples(t, func(t *testing.T, o Options, _ *goldenManifest) {
		r := mustOpen(t, o)
		defer closed(t, r)
		sample := goldenOptions[filepath.Base(t.Name())]
		got := []bool{r.Encrypted(), len(r.descriptor().GetDictionaries()) > 0, len(r.index.Packs()) > 0}
		want := []bool{!sample.Secret.None(), sample.learnAfter > 0, true}
		if diff := cmp.Diff(want, got); diff != "" || r.Level() != sample.Level {
			t.Errorf("level %v; encrypted, dictionaries, sealed packs:\n%s", r.Level(), diff)
		}
		if r.Clean() && filepath.Base(t.Name()) == "killed" {
			t.Error("what was killed is clean")
		}
	})
}

// Packs are rewritten with the blobs as they lie, which need their dictionaries afterwards too.
func TestSpaceOfAGoldenRepositoryIsReclaimed(t *testing.T) {
	samples(t, func(t *testing.T, o Options, want *goldenManifest) {
		r := mustOpen(t, o)
		for _, i := range []int{0, 1} { // those of the first backup
			var p record.Point
			if err := json.Unmarshal(want.Points[i].Info, &p); err != nil {
				t.Fatal(err)
			}
			if err := r.DeletePoint(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
			want.Deleted = append(want.Deleted, p.ID)
		}
		if err := os.RemoveAll(filepath.Join(o.Path, stagingFolder)); err != nil { // what is staged would hold on to them
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(o.Path, stagingFolder), 0o700); err != nil {
			t.Fatal(err)
		}
		done, err := r.Reclaim(t.Context(), ReclaimOptions{Share: 0.001}, nil)
		if err != nil || done.Freed <= 0 || len(done.Left) > 0 {
			t.Errorf("%+v, %v", done, err)
		}
		want.Points, want.Staged = want.Points[2:], nil
		checkGolden(t, r, want)
		closed(t, r)
		if r, err = Rebuild(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		checkGolden(t, r, want)
		closed(t, r)
	})
}
