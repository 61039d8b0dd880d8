package graphsim

import (
	"compress/gzip"
	"net/http"
	"strings"
	"time"
)

// reply is the answer under way: it notes status and size, compresses, and breaks off where a fault says so.
type reply struct {
	http.ResponseWriter
	status  int
	n       int64
	gz      *gzip.Writer
	wantGz  bool
	cut     int64 // break the connection after this many bytes; 0 is never
	slow    time.Duration
	discard bool // the reply is to be lost: nothing is sent
}

func newReply(w http.ResponseWriter, r *http.Request) *reply {
	return &reply{ResponseWriter: w, wantGz: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
}

func (p *reply) WriteHeader(status int) {
	if p.status != 0 {
		return
	}
	p.status = status
	if p.discard {
		return
	}
	if p.wantGz && status != http.StatusNoContent && strings.HasPrefix(p.Header().Get("Content-Type"), "application/json") {
		p.Header().Set("Content-Encoding", "gzip")
		p.Header().Del("Content-Length")
		p.gz, _ = gzip.NewWriterLevel(raw{p}, gzip.BestSpeed)
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *reply) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.discard {
		return len(b), nil
	}
	if p.gz != nil {
		return p.gz.Write(b)
	}
	return raw{p}.Write(b)
}

// sent is the status that the client was told; 0 for none.
func (p *reply) sent() int {
	if p.discard {
		return 0
	}
	return p.status
}

// close ends the compressed stream.
func (p *reply) close() {
	if p.gz != nil {
		_ = p.gz.Close()
	}
}

// raw writes what goes on the wire.
type raw struct{ p *reply }

func (w raw) Write(b []byte) (int, error) {
	p := w.p
	total := 0
	for len(b) > 0 {
		part := b
		if p.slow > 0 {
			part = part[:min(len(part), 16<<10)]
			<-time.After(p.slow)
		}
		if p.cut > 0 && p.n+int64(len(part)) > p.cut {
			n, _ := p.ResponseWriter.Write(part[:p.cut-p.n])
			p.n += int64(n)
			_ = http.NewResponseController(p.ResponseWriter).Flush()
			panic(http.ErrAbortHandler)
		}
		n, err := p.ResponseWriter.Write(part)
		p.n += int64(n)
		total += n
		if err != nil {
			return total, err
		}
		b = b[len(part):]
	}
	return total, nil
}
