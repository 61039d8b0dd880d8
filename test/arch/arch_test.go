// Package arch holds the rules of the tree as a test: who may import whom (DESIGN 3), and what a file or a package may be.
package arch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func (p pkg) all() []string {
	return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
}

const module = "holdfast/"

func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports,TestImports,XTestImports", "./...")
	list.Dir = root(t)
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &complaint)
	}
	var found []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
	if len(found) < 10 {
		t.Fatalf("go list found %d packages: the rules below would hold of nothing", len(found))
	}
	return found
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// within reports whether the import path is the folder or lies below it.
func within(importPath string, folders ...string) bool {
	for _, f := range folders {
		if importPath == f || strings.HasPrefix(importPath, f+"/") {
			return true
		}
	}
	return false
}

func TestVendorsLiveInOnePlace(t *testing.T) {
	rules := []struct {
		vendors []string
		homes   []string
	}{
		{
			[]string{"github.com/microsoftgraph", "github.com/microsoft", "github.com/Azure", "github.com/AzureAD"},
			[]string{"holdfast/transporter/internal/graph"},
		},
		{[]string{"go.etcd.io/bbolt"}, []string{"holdfast/transporter/internal/repository/index", "holdfast/director/internal/store"}},
		{
			[]string{"github.com/golang/snappy", "github.com/klauspost/compress"},
			// The plain reader is a test that shares no code with what it reads.
			[]string{"holdfast/transporter/internal/repository/codec", "holdfast/transporter/internal/repository/plainreader"},
		},
		{[]string{"connectrpc.com/connect"}, []string{"holdfast/director", "holdfast/pkg/pb", "holdfast/test", "holdfast/deploy"}},
	}
	for _, p := range packages(t) {
		for _, imported := range p.all() {
			for _, r := range rules {
				if within(imported, r.vendors...) && !within(p.ImportPath, r.homes...) {
					t.Errorf("%s imports %s, which belongs in %s", p.ImportPath, imported, strings.Join(r.homes, " or "))
				}
			}
		}
	}
}

func TestTheGraphSDKStaysSmall(t *testing.T) {
	allowed := []string{
		"github.com/microsoftgraph/msgraph-sdk-go/users", "github.com/microsoftgraph/msgraph-sdk-go/models",
		"github.com/microsoftgraph/msgraph-sdk-go-core",
	}
	for _, p := range packages(t) {
		for _, imported := range p.all() {
			if within(imported, "github.com/microsoftgraph") && !within(imported, allowed...) {
				t.Errorf("%s imports %s: anything but users, models and core doubles the build", p.ImportPath, imported)
			}
		}
	}
}

func TestHousesDoNotReachIntoEachOther(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.all() {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			forbid := func(folder string, houses ...string) {
				if within(p.ImportPath, folder) && within(imported, houses...) && !within(imported, folder) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
			forbid("holdfast/director", "holdfast/transporter", "holdfast/test", "holdfast/deploy")
			forbid("holdfast/transporter", "holdfast/director", "holdfast/deploy")
			forbid("holdfast/pkg", "holdfast/director", "holdfast/transporter", "holdfast/test", "holdfast/deploy")
			// The simulated tenant shares no code with the client, so that it cannot share its mistakes.
			forbid("holdfast/test/graphsim", "holdfast")
		}
		for _, imported := range p.Imports {
			if within(p.ImportPath, "holdfast/transporter") && within(imported, "holdfast/test") {
				t.Errorf("%s imports %s outside its tests", p.ImportPath, imported)
			}
			if p.ImportPath == "holdfast/pkg/mail" && strings.Contains(imported, ".") {
				t.Errorf("pkg/mail imports %s: it holds values only", imported)
			}
		}
	}
}

func TestStoredRecordsNeverTravel(t *testing.T) {
	homes := map[string][]string{
		"holdfast/pkg/pb/holdfast/repository": {"holdfast/transporter/internal/repository"},
		"holdfast/pkg/pb/holdfast/state":      {"holdfast/director"},
	}
	for _, p := range packages(t) {
		for _, imported := range p.all() {
			for stored, home := range homes {
				if within(imported, stored) && !within(p.ImportPath, append(home, stored)...) {
					t.Errorf("%s imports %s: stored records stay with their store", p.ImportPath, imported)
				}
			}
		}
	}
}

func TestPackagesAreNamedForWhatTheyProvide(t *testing.T) {
	for _, p := range packages(t) {
		if within(p.ImportPath, "holdfast/pkg/pb") {
			continue
		}
		switch path.Base(p.ImportPath) {
		case "util", "utils", "common", "helper", "helpers", "types", "base", "manager", "misc":
			t.Errorf("%s: a name that says nothing", p.ImportPath)
		}
		if p.Doc == "" && p.Name != "main" && len(p.Imports) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// maxLines is where a room wants a wall (STYLE 21: 400 is rare, 800 needs a reason).
const maxLines = 800

func TestFilesStaySmall(t *testing.T) {
	top := root(t)
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", ".bin", "build", "node_modules", "pb", "gen", "testdata":
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".go" && ext != ".ts" && ext != ".tsx" {
			return nil
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			lines++
		}
		if lines > maxLines {
			rel, _ := filepath.Rel(top, name)
			t.Errorf("%s has %d lines; more than %d want a wall", rel, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
