package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func get(t *testing.T, h http.Handler, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func built() http.Handler {
	return newHandler(fstest.MapFS{
		"index.html":         {Data: []byte("<html>" + noncePlace + "</html>")},
		"assets/index-ab.js": {Data: []byte(strings.Repeat("let a = 1;", 100))},
		"holdfast.svg":       {Data: []byte("<svg/>")},
	})
}

func TestEveryPageAddressGivesTheDocument(t *testing.T) {
	for _, path := range []string{"/", "/jobs", "/jobs/new/source", "/recovery/1/2"} {
		got := get(t, built(), path, "")
		if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %s %s", path, got.Status, got.Header.Get("Content-Type"))
		}
	}
}

func TestADocumentCarriesTheNonceOfItsPolicyOnce(t *testing.T) {
	h := built()
	seen := map[string]bool{}
	for range 3 {
		got := get(t, h, "/", "")
		policy := got.Header.Get("Content-Security-Policy")
		_, rest, _ := strings.Cut(policy, "'nonce-")
		nonce, _, ok := strings.Cut(rest, "'")
		if !ok || nonce == "" {
			t.Fatalf("the policy has no nonce: %s", policy)
		}
		if text := body(t, got.Body); !strings.Contains(text, `content="`+nonce+`"`) {
			t.Errorf("the document does not carry the nonce %q: %s", nonce, text)
		}
		if seen[nonce] {
			t.Errorf("the nonce %q was used before", nonce)
		}
		seen[nonce] = true
		if strings.Contains(policy, "unsafe") {
			t.Errorf("the policy permits what is unsafe: %s", policy)
		}
	}
}

func TestFilesArePackedForWhoTakesIt(t *testing.T) {
	want := strings.Repeat("let a = 1;", 100)
	plain := get(t, built(), "/assets/index-ab.js", "")
	if got := body(t, plain.Body); got != want {
		t.Errorf("plain: got %q", got)
	}
	packed := get(t, built(), "/assets/index-ab.js", "br, gzip")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not packed: %v", packed.Header)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(t, z); got != want {
		t.Errorf("packed: got %q", got)
	}
	if got := packed.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("a file with a hash in its name is not kept: %q", got)
	}
	if got := get(t, built(), "/holdfast.svg", "").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("a file without one is kept: %q", got)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	for _, path := range []string{"/assets/index-old.js", "/holdfast.director.v1.JobService/NoSuchMethod", "/favicon.ico"} {
		if got := get(t, built(), path, ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
}

func TestWithoutItsPagesTheDirectorSaysSo(t *testing.T) {
	got := get(t, newHandler(fstest.MapFS{"README": {}}), "/", "")
	if text := body(t, got.Body); got.StatusCode != http.StatusOK || !strings.Contains(text, "make build") {
		t.Errorf("%s: %s", got.Status, text)
	}
}
