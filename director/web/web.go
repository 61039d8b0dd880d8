// Package web is what the Director shows to a browser. For now that is one page which says what it is; the pages of the
// product take its place.
package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed index.html
var indexText string

//go:embed style.css
var style []byte

var index = template.Must(template.New("index").Parse(indexText))

// policy lets the page load its own style sheet and nothing else.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page and its style sheet.
func Handler(version string) http.Handler {
	var page bytes.Buffer
	// The template is embedded and tested: it cannot fail for a string.
	_ = index.Execute(&page, struct{ Version string }{version})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", file("text/html; charset=utf-8", page.Bytes()))
	mux.HandleFunc("GET /style.css", file("text/css; charset=utf-8", style))
	return mux
}

func file(contentType string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(data)
	}
}
