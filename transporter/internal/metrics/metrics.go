// Package metrics is what a Transporter tells Prometheus. Labels have few values: never a mailbox, an account or a name.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/transporter/internal/task"
)

// Set is the metrics of one Transporter.
type Set struct {
	registry *prometheus.Registry
	tasks    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	messages *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	requests *prometheus.CounterVec
	losses   *prometheus.CounterVec
}

// New returns metrics in a registry of their own, with those of the process and the Go runtime.
func New() *Set {
	s := &Set{
		registry: prometheus.NewRegistry(),
		tasks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_tasks_ended_total", Help: "Tasks that ended, by kind and status.",
		}, []string{"kind", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_task_duration_seconds", Help: "How long tasks ran.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 9),
		}, []string{"kind"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_messages_total", Help: "Messages written by ended tasks: kept by backups, created by recoveries.",
		}, []string{"kind"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_bytes_total", Help: "Content of ended tasks: read, and of that new to the repository.",
		}, []string{"kind", "what"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_graph_requests_total", Help: "Requests to Microsoft Graph by ended tasks, by what they were for.",
		}, []string{"purpose"}),
		losses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_losses_total", Help: "Things that ended tasks could not keep or bring back.",
		}, []string{"kind"}),
	}
	s.registry.MustRegister(
		s.tasks, s.seconds, s.messages, s.bytes, s.requests, s.losses,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return s
}

// Gauge adds a value that is read when asked for.
func (s *Set) Gauge(name, help string, value func() float64) {
	g := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	if err := s.registry.Register(g); err != nil { // after an unpairing the same gauge comes again, for a new board
		s.registry.Unregister(g)
		s.registry.MustRegister(g)
	}
}

// TaskEnded counts a task.
func (s *Set) TaskEnded(t task.State) {
	s.tasks.WithLabelValues(t.Kind, t.Status.String()).Inc()
	if !t.Started.IsZero() {
		s.seconds.WithLabelValues(t.Kind).Observe(t.Ended.Sub(t.Started).Seconds())
	}
	s.messages.WithLabelValues(t.Kind).Add(float64(t.Progress.MessagesChanged))
	s.bytes.WithLabelValues(t.Kind, "read").Add(float64(t.Progress.BytesRead))
	s.bytes.WithLabelValues(t.Kind, "new").Add(float64(t.Progress.BytesNew))
	for purpose, n := range t.Progress.RequestsByKind {
		s.requests.WithLabelValues(purpose).Add(float64(n))
	}
	s.losses.WithLabelValues(t.Kind).Add(float64(int64(len(t.Losses)) + t.LossesMore))
}

// Handler serves the metrics.
func (s *Set) Handler() http.Handler { return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}) }
