// Package web is what the Director shows to a browser: the web UI, built by Vite from src/ into dist/app and embedded here.
// Without that build, which needs Node, the Director runs all the same and says that its pages are missing.
//
// Every page address gives the same document, in which the browser's router finds its page. The document carries a nonce
// for the styles that Fluent UI writes; scripts come from here alone, by the policy below.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// policy lets a page load what the Director serves, and nothing else. Pictures may be data, as previews' are; frames are
// for previews, which have a stricter policy of their own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// noncePlace is where the document expects the nonce.
const noncePlace = `<meta name="holdfast-nonce" content="" />`

// missing is shown when the UI was not built into the program.
const missing = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Holdfast</title>
<h1>This Director was built without its web pages</h1>
<p>It works: use the command line program <code>holdfast</code>. To have the pages, build it with <code>make build</code> on a machine that has Node.</p></html>
`

// file is a built file, ready to be sent.
type file struct {
	kind          string
	plain, packed []byte
}

type handler struct {
	files map[string]file
	// page is the document, nil when the UI was not built.
	page []byte
}

// Handler serves the web UI.
func Handler() http.Handler {
	built, err := fs.Sub(dist, "dist/app")
	if err != nil {
		built = dist
	}
	return newHandler(built)
}

func newHandler(built fs.FS) http.Handler {
	h := &handler{files: map[string]file{}}
	page, err := fs.ReadFile(built, "index.html")
	if err != nil {
		return h
	}
	h.page = page
	// The files are embedded and were read by the compiler: walking them does not fail.
	_ = fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "index.html" {
			return err
		}
		data, err := fs.ReadFile(built, name)
		if err == nil {
			h.files["/"+name] = ready(name, data)
		}
		return err
	})
	return h
}

// compressed are the kinds of files that get smaller.
func compressed(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "image/svg") || strings.Contains(kind, "json")
}

func ready(name string, data []byte) file {
	kind := kindOf(name)
	f := file{kind: kind, plain: data}
	if compressed(kind) {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is right
		_, _ = w.Write(data)                                  // a buffer takes everything
		_ = w.Close()
		f.packed = b.Bytes()
	}
	return f
}

// kindOf does not ask the machine, whose registry may say anything.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if f, ok := h.files[r.URL.Path]; ok {
		f.serve(w, r)
		return
	}
	// A file of another version, a method that does not exist: not a page.
	if path.Ext(r.URL.Path) != "" || strings.HasPrefix(r.URL.Path, "/holdfast.") {
		http.NotFound(w, r)
		return
	}
	h.document(w)
}

func (h *handler) document(w http.ResponseWriter) {
	nonce, err := newNonce()
	if err != nil {
		http.Error(w, "no random numbers", http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
	page := []byte(missing)
	if h.page != nil {
		page = bytes.Replace(h.page, []byte(noncePlace), fmt.Appendf(nil, `<meta name="holdfast-nonce" content="%s" />`, nonce), 1)
	}
	_, _ = w.Write(page)
}

func newNonce() (string, error) {
	var b [16]byte
	if n, err := rand.Read(b[:]); err != nil || n != len(b) {
		return "", errors.Join(err, errors.New("no random numbers"))
	}
	return base64.RawStdEncoding.EncodeToString(b[:]), nil
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Type", f.kind)
	head.Set("Vary", "Accept-Encoding")
	// Vite puts a hash of the content into the names of what it bundles.
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		head.Set("Cache-Control", "no-cache")
	}
	data := f.plain
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		data = f.packed
	}
	head.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}
