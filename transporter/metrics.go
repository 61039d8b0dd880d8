package transporter

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"holdfast/pkg/fault"
)

// serveMetrics serves /metrics and /healthz until the returned function is called, which waits for the server to end.
func (t *Transporter) serveMetrics() (stop func(), err error) {
	l, err := net.Listen("tcp", t.opts.MetricsAddress)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot serve metrics on %s: %w", t.opts.MetricsAddress, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", t.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.log.Error("metrics ended", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), answerTime)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // it ends in any case
		}
		<-served
	}, nil
}
