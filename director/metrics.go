package director

import (
	"net/http"
	"path"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the Director's own. Labels never hold names of people, mailboxes or accounts.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics(d *Director) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_director_calls_total", Help: "Calls of the API by method and how they ended.",
		}, []string{"method", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_director_call_seconds", Help: "How long calls of the API took.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10, 60, 600},
		}, []string{"method"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "holdfast_director_info", Help: "Always 1; the version is a label.",
	}, []string{"version"})
	info.WithLabelValues(d.options.Version).Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.calls, m.took, info,
		gauge("holdfast_director_runs", "Runs, recoveries and verifies going on.", func() float64 {
			return float64(d.dispatcher.Counts().Runs)
		}),
		gauge("holdfast_director_tasks_waiting", "Tasks that wait to be started.", func() float64 {
			return float64(d.dispatcher.Counts().Pending)
		}),
		gauge("holdfast_director_tasks_running", "Tasks at Transporters.", func() float64 {
			return float64(d.dispatcher.Counts().Flying)
		}),
		gauge("holdfast_director_backup_last_success_seconds", "When the Director itself was last backed up, in seconds since 1970; 0 for never.", func() float64 {
			b, err := d.selfBackup.Settings()
			if err != nil || b.LastSucceeded.IsZero() {
				return 0
			}
			return float64(b.LastSucceeded.Unix())
		}),
		gauge("holdfast_director_backup_failed", "1 when the last backup of the Director itself failed.", func() float64 {
			if b, err := d.selfBackup.Settings(); err != nil || b.LastError != "" {
				return 1
			}
			return 0
		}),
		gauge("holdfast_director_store_bytes", "Size of the database.", func() float64 { return float64(d.store.Size()) }),
		&fleetCollector{d: d, up: prometheus.NewDesc("holdfast_director_transporter_reachable",
			"Whether a Transporter answered when it was last asked.", []string{"transporter"}, nil)},
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// called counts a call of the API.
func (m *metrics) called(procedure, code string, took time.Duration) {
	method := path.Base(path.Dir(procedure)) + "/" + path.Base(procedure)
	m.calls.WithLabelValues(method, code).Inc()
	m.took.WithLabelValues(method).Observe(took.Seconds())
}

// fleetCollector tells which Transporters can be reached.
type fleetCollector struct {
	d  *Director
	up *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *fleetCollector) Describe(out chan<- *prometheus.Desc) { out <- c.up }

// Collect implements prometheus.Collector.
func (c *fleetCollector) Collect(out chan<- prometheus.Metric) {
	all, err := c.d.fleet.List()
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.up, err)
		return
	}
	for _, t := range all {
		value := 0.0
		if c.d.fleet.Status(t.ID).Reachable {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, value, string(t.ID))
	}
}
