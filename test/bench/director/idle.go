package director

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
	"holdfast/test/site"
)

// rest watches the Director while all tasks that may run do, and nothing else is to be done: what it takes of the processor,
// and how much a client hears that watches the run, after it has heard of all mailboxes once.
func rest(ctx context.Context, s *site.Site, mailboxes int, values map[string]float64) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := watch(watching, s)
	if err != nil {
		return err
	}
	for told := 0; told < mailboxes; told += len(stream.Msg().GetTasks()) {
		if !stream.Receive() {
			return stream.Err()
		}
	}
	var answers atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for stream.Receive() {
			answers.Add(1)
		}
	}()
	// What the start has left to do is done by then.
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	heard := answers.Load()
	before, err := s.Director.CPU()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := pause(ctx, idle); err != nil {
		return err
	}
	after, err := s.Director.CPU()
	if err != nil {
		return err
	}
	values["director.idle_cpu"] = (after - before).Seconds() / time.Since(began).Minutes()
	values["director.idle_answers"] = float64(answers.Load() - heard)
	cancel()
	<-ended
	return nil
}

// watch opens a watch of the last run.
func watch(ctx context.Context, s *site.Site) (*connect.ServerStreamForClient[pb.WatchRunResponse], error) {
	var list pb.ListRunsResponse
	if err := s.CLI(ctx, &list, nil, "run", "list", "--limit", "1"); err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(s.DirectorData(), "cli-token"))
	if err != nil {
		return nil, err
	}
	client := directorv1connect.NewJobServiceClient(&http.Client{Transport: bearer(strings.TrimSpace(string(token)))}, "https://"+s.Options.Director)
	return client.WatchRun(ctx, &pb.WatchRunRequest{RunId: list.GetRuns()[0].GetId()})
}

// bearer adds a token to requests to a Director that was started here, whose certificate is not looked at.
type bearer string

var transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Authorization", "Bearer "+string(b))
	return transport.RoundTrip(q)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
