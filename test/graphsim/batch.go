package graphsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"holdfast/test/graphsim/internal/odata"
)

// batchItem is one request of a batch (contract 8).
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch answers up to twenty requests in any order; each counts by itself and may be throttled by itself.
func (c *call) batch() error {
	var b struct {
		Requests []batchItem `json:"requests"`
	}
	if aerr := c.decode(&b); aerr != nil {
		return badRequest("Invalid batch payload format.")
	}
	if aerr := checkBatch(b.Requests); aerr != nil {
		return aerr
	}
	answers := c.runBatch(b.Requests)
	c.s.dice.shuffle(len(answers), func(i, k int) { answers[i], answers[k] = answers[k], answers[i] })
	writeJSON(c.w, 200, map[string]any{"responses": answers})
	return nil
}

func checkBatch(items []batchItem) *apiError {
	if len(items) == 0 || len(items) > 20 {
		return badRequest("Number of batch requests must be between 1 and 20.")
	}
	seen := map[string]bool{}
	for _, it := range items {
		switch {
		case it.ID == "" || it.Method == "" || it.URL == "":
			return badRequest("A batch request needs id, method and url.")
		case seen[it.ID]:
			return badRequest("Duplicate request id '%s'.", it.ID)
		case strings.Contains(it.URL, "$batch"):
			return badRequest("Batches cannot be nested.")
		case len(it.Body) > 0 && headerOf(it.Headers, "Content-Type") == "":
			return badRequest("The request '%s' has a body and no Content-Type.", it.ID)
		}
		for _, d := range it.DependsOn {
			if !seen[d] {
				return badRequest("The request '%s' depends on '%s', which does not come before it.", it.ID, d)
			}
		}
		seen[it.ID] = true
	}
	return checkOrder(items)
}

// checkOrder takes the three shapes of dependence there are: none, a chain in which each waits for the one before it, and one
// request that all others wait for which wait at all (contract 8).
func checkOrder(items []batchItem) *apiError {
	chain, same, first := true, true, ""
	for i, it := range items {
		switch {
		case len(it.DependsOn) == 0:
			chain = chain && i == 0
			continue
		case i > 0:
			chain = chain && len(it.DependsOn) == 1 && it.DependsOn[0] == items[i-1].ID
		}
		if first == "" {
			first = it.DependsOn[0]
		}
		same = same && len(it.DependsOn) == 1 && it.DependsOn[0] == first
	}
	if chain || same {
		return nil
	}
	return badRequest("Requests of a batch depend on nothing, each on the one before it, or all on the same one.")
}

func headerOf(h map[string]string, name string) string {
	for k, v := range h {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// runBatch works on four at a time, or one at a time when they depend on each other (contract 8).
func (c *call) runBatch(items []batchItem) []batchAnswer {
	answers := make([]batchAnswer, len(items))
	ordered := false
	for _, it := range items {
		ordered = ordered || len(it.DependsOn) > 0
	}
	workers := 4
	if ordered {
		workers = 1
	}
	status := map[string]int{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(items)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				if ordered && failedBefore(items[i].DependsOn, status) {
					answers[i] = batchAnswer{
						ID: items[i].ID, Status: http.StatusFailedDependency, Headers: map[string]string{"Content-Type": "application/json"},
						Body: json.RawMessage(`{"error":{"code":"FailedDependency","message":"A request that this one depends on failed."}}`),
					}
				} else {
					answers[i] = c.runItem(&items[i])
				}
				if ordered {
					status[items[i].ID] = answers[i].Status
				}
			}
		})
	}
	wg.Wait()
	return answers
}

func failedBefore(ids []string, status map[string]int) bool {
	for _, id := range ids {
		if status[id] >= 400 {
			return true
		}
	}
	return false
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	buf    bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return r.buf.Write(p) }
func (r *recorder) WriteHeader(int)             {}

func (c *call) runItem(it *batchItem) batchAnswer {
	rec := &recorder{header: http.Header{}}
	out := &reply{ResponseWriter: rec}
	u, err := url.Parse("/" + c.version + "/" + strings.TrimPrefix(it.URL, "/"))
	if err != nil {
		return batchAnswer{ID: it.ID, Status: 400}
	}
	r := c.r.Clone(c.r.Context())
	r.Method, r.URL, r.Body = strings.ToUpper(it.Method), u, nil
	r.Header = http.Header{"Authorization": c.r.Header["Authorization"]}
	for k, v := range it.Headers {
		r.Header.Add(k, v)
	}
	in := c.s.newCall(out, r, c.version)
	in.batched, in.prefer, in.body = true, odata.ParsePrefer(r.Header), it.Body
	if ct := r.Header.Get("Content-Type"); len(it.Body) > 0 && !strings.HasPrefix(ct, "application/json") {
		var text string
		if json.Unmarshal(it.Body, &text) == nil {
			in.body = []byte(text)
		}
	}
	segs, err := splitPath(strings.TrimPrefix(u.EscapedPath(), "/"+c.version))
	if err != nil {
		segs = []string{""}
	}
	if in.serveItem(segs) {
		return lostItem(it.ID, rec.header)
	}
	a := batchAnswer{ID: it.ID, Status: out.status, Headers: map[string]string{}}
	for k := range rec.header {
		a.Headers[k] = rec.header.Get(k)
	}
	switch {
	case rec.buf.Len() == 0:
	case strings.HasPrefix(rec.header.Get("Content-Type"), "application/json"):
		a.Body = rec.buf.Bytes()
	default:
		a.Body, _ = json.Marshal(base64.StdEncoding.EncodeToString(rec.buf.Bytes()))
	}
	return a
}

// serveItem is serve, for a connection that is not its own; true means that the connection was to break.
func (c *call) serveItem(segs []string) (lost bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler { //nolint:errorlint // net/http compares the panic value the same way
				panic(p)
			}
			lost = true
		}
	}()
	c.serve(segs)
	return false
}

// lostItem is what a batch says of an item whose answer did not arrive: whether it took effect cannot be told.
func lostItem(id string, h http.Header) batchAnswer {
	a := batchAnswer{
		ID: id, Status: http.StatusGatewayTimeout, Headers: map[string]string{"Content-Type": "application/json"},
		Body: json.RawMessage(`{"error":{"code":"UnknownError","message":""}}`),
	}
	for _, name := range []string{"request-id", "client-request-id", "Date"} {
		a.Headers[name] = h.Get(name)
	}
	return a
}
