// Package bundle writes a support bundle: a zip archive that tells people who help how a Director is, without secrets and
// without mail. It is built from what may be told and not from everything less what may not: no record goes in whole. What
// people or programs wrote freely (errors, notes, titles) passes a scrubber, which replaces every known name and address of a
// mailbox, whatever looks like an address, and every secret that the Director knows.
package bundle

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/growth"
	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Bounds of a bundle.
const (
	maxRuns  = 500
	maxTasks = 2000
)

// Source is what a bundle is made of. All but Log are required.
type Source struct {
	Store    *store.Store
	Overview interface {
		Look() (*overview.State, error)
		Days(n int, zone *time.Location) ([]overview.Day, error)
	}
	Growth interface {
		Series(id record.RepositoryID, days int) ([]growth.Series, error)
	}
	Fleet   overview.Fleet
	Runs    func(dispatch.Filter) ([]dispatch.RunView, error)
	Version string
	Now     func() time.Time
	// Config returns the configuration as text without secrets; it is scrubbed here.
	Config func(ctx context.Context) ([]byte, error)
	// Log returns the last lines of the Director's log; they are scrubbed here.
	Log func() []byte
}

// manifest says what the bundle is.
type manifest struct {
	Made       time.Time `json:"made"`
	Version    string    `json:"version"`
	Go         string    `json:"go"`
	OS         string    `json:"os"`
	Arch       string    `json:"arch"`
	CPUs       int       `json:"cpus"`
	StoreBytes int64     `json:"store_bytes"`
	// Parts that could not be made, and why.
	Missing map[string]string `json:"missing,omitempty"`
	Note    string            `json:"note"`
}

const note = "Names and addresses of mailboxes are replaced by pseudonyms, the same throughout this bundle and different in the next. " +
	"Secrets, subjects and mail are not in it."

// Write writes a bundle. What cannot be made is left out and named in manifest.json, which comes last; an error is one of w.
func Write(ctx context.Context, s Source, w io.Writer) error {
	hide, err := newScrubber(s.Store)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	m := manifest{
		Made: s.Now().UTC(), Version: s.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		StoreBytes: s.Store.Size(), Missing: map[string]string{}, Note: note,
	}
	for _, part := range []struct {
		name string
		make func(context.Context) ([]byte, error)
	}{
		{"configuration.yaml", s.Config},
		{"problems.json", asJSON(s.health)},
		{"places.json", asJSON(s.places)},
		{"results.json", asJSON(s.results)},
		{"activities.json", asJSON(s.activities)},
		{"faults.json", asJSON(s.faults)},
		{"director.log", s.lines},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := part.make(ctx)
		if err != nil {
			m.Missing[part.name] = hide.text(err.Error())
			continue
		}
		if err := add(z, part.name, m.Made, []byte(hide.text(string(text)))); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := add(z, "manifest.json", m.Made, text); err != nil {
		return err
	}
	return z.Close()
}

// lines are the last ones of the log.
func (s Source) lines(context.Context) ([]byte, error) {
	if s.Log == nil {
		return nil, errors.New("this Director keeps no lines of its log")
	}
	return s.Log(), nil
}

func add(z *zip.Writer, name string, at time.Time, text []byte) error {
	f, err := z.CreateHeader(&zip.FileHeader{Name: "holdfast-support/" + name, Method: zip.Deflate, Modified: at})
	if err == nil {
		_, err = f.Write(text)
	}
	return err
}

func asJSON(fn func() (any, error)) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		v, err := fn()
		if err != nil {
			return nil, err
		}
		return json.MarshalIndent(v, "", "  ")
	}
}
