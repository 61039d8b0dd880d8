package graphsim

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// serveProxy is a CONNECT proxy that leads the real host names to this tenant, for clients that cannot be given other
// addresses: they need HTTPS_PROXY and the CA file only. Any other host is refused.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	var to string
	switch {
	case graphCloud(r.Host) != nil, loginCloud(r.Host) != nil:
		to = s.graphLn.Addr().String()
	case isUploadHost(r.Host):
		to = s.uploadLn.Addr().String()
	default:
		http.Error(w, "not part of the simulated tenant", http.StatusForbidden)
		return
	}
	up, err := net.Dial("tcp", to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = up.Close() }()
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = down.Close() }()
	if _, err := io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var wg sync.WaitGroup
	for _, p := range [][2]net.Conn{{up, down}, {down, up}} {
		wg.Go(func() {
			_, _ = io.Copy(p[0], p[1])
			_ = p[0].SetDeadline(time.Unix(1, 0))
			_ = p[1].SetDeadline(time.Unix(1, 0))
		})
	}
	wg.Wait()
}
