package director

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/bundle"
	"holdfast/director/web"
)

// server returns the HTTPS server of API and pages. Streams end with their context.
func (d *Director) server(streams context.Context) *http.Server {
	mux := http.NewServeMux()
	d.register(streams, mux)
	d.health(mux)
	mux.Handle("GET /metrics", d.withToken(d.metrics.handler()))
	mux.Handle("/", web.Handler())
	return &http.Server{
		Handler:           secured(mux),
		TLSConfig:         d.tls.config(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          quiet(d.log),
	}
}

func (d *Director) metricsServer() *http.Server {
	mux := http.NewServeMux()
	d.health(mux)
	mux.Handle("GET /metrics", d.metrics.handler())
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet(d.log)}
}

func serve(s *http.Server, l net.Listener, secure bool) error {
	err := error(nil)
	if secure {
		err = s.ServeTLS(l, "", "")
	} else {
		err = s.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// health says that the process lives, and whether it takes calls.
func (d *Director) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !d.isReady() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
}

// withToken lets in who has a token of any role.
func (d *Director) withToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		caller, err := d.auth.Authenticate(strings.TrimSpace(token))
		if err != nil || caller.ChangeRequired {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a token is needed: Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		host, _, _ := net.SplitHostPort(r.RemoteAddr) // empty is as good as what cannot be told apart
		d.auth.Touch(r.Context(), caller, host)
		next.ServeHTTP(w, r)
	})
}

// secured adds the headers that every answer carries.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// quiet sends the server's own messages (broken handshakes, mostly) where they disturb nobody.
func quiet(l hclog.Logger) *log.Logger {
	return l.Named("http").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
}

// bundle writes a support bundle.
func (d *Director) bundle(ctx context.Context, w io.Writer, config func(context.Context) ([]byte, error)) error {
	return bundle.Write(ctx, bundle.Source{
		Store: d.store, Overview: d.overview, Growth: d.growth, Fleet: d.fleet, Runs: d.dispatcher.List, Version: d.options.Version,
		Now: d.options.Now, Config: config, Log: d.options.RecentLog,
	}, w)
}
