package graphsim

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// call is one Graph request, alone or in a batch.
type call struct {
	s       *Server
	w       *reply
	r       *http.Request
	id      string // request-id
	set     *Settings
	claims  *claims
	query   url.Values
	prefer  odata.Prefer
	version string // "v1.0" or "beta"
	batched bool
	body    []byte // read before the throttle counts it

	kind   string
	args   []string // wildcards of the route
	folder string   // the mail folder in the path, when it goes on to messages
	user   *tenant.User
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (c *call) clientID() string {
	if v := c.r.Header.Get("client-request-id"); v != "" {
		return v
	}
	return c.id
}

// root of this version as the client reached it; links are absolute (contract 0.3).
func (c *call) root() string { return "https://" + orElse(c.set.LinkHost, c.r.Host) + "/" + c.version }

func (c *call) immutable() bool { return c.prefer.ImmutableID }

const jsonType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// json writes a reply as it is made.
func (c *call) json(status int, write func(*odata.Writer) error) error {
	c.echoPreferences()
	c.w.Header().Set("Content-Type", jsonType)
	c.w.WriteHeader(status)
	j := odata.NewWriter(c.w)
	if err := write(j); err != nil {
		return errors.Join(errBroken, err)
	}
	return j.Flush()
}

// errBroken is a failure after the reply began: the connection is all that is left to break.
var errBroken = errors.New("reply broken off")

func (c *call) echoPreferences() {
	if c.prefer.ImmutableID {
		c.prefer.Apply(`IdType="ImmutableId"`)
	}
	if a := c.prefer.Applied(); a != "" {
		c.w.Header().Set("Preference-Applied", a)
	}
}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// parseQuery reads the query. Names of options are the same in any case: "$orderBy", "$deltaToken".
func parseQuery(raw string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	out := url.Values{}
	for k, v := range q {
		k = strings.ToLower(k)
		out[k] = append(out[k], v...)
	}
	return out, err
}

// option is a query option by its name; the "$" may be left out, as Graph allows.
func (c *call) option(name string) string {
	name = strings.ToLower(name)
	if v := c.query.Get("$" + name); v != "" {
		return v
	}
	return c.query.Get(name)
}

func (c *call) has(name string) bool {
	name = strings.ToLower(name)
	return c.query.Has("$"+name) || c.query.Has(name)
}

func itoa(n int) string { return strconv.Itoa(n) }

// decode reads a JSON object, for bodies whose members are few.
func (c *call) decode(v any) *apiError {
	if len(c.body) == 0 {
		return undeserializable()
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return undeserializable()
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// splitPath makes segments of a path: escapes undone, "messages('x')" as two, "delta()" and "microsoft.graph.delta" plain.
func splitPath(p string) ([]string, error) {
	var out []string
	for _, raw := range strings.Split(strings.Trim(p, "/"), "/") {
		seg, err := url.PathUnescape(raw)
		if err != nil {
			return nil, err
		}
		if rest, ok := strings.CutPrefix(seg, "microsoft.graph."); ok {
			seg = rest
		}
		seg = strings.TrimSuffix(seg, "()")
		if name, key, ok := strings.Cut(seg, "('"); ok && strings.HasSuffix(key, "')") {
			out = append(out, name, strings.ReplaceAll(key[:len(key)-2], "''", "'"))
			continue
		}
		out = append(out, seg)
	}
	return out, nil
}

// readAll reads a body up to a limit; more is errTooLarge.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	p, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(p)) > limit {
		return nil, errTooLarge
	}
	return p, err
}

var errTooLarge = errors.New("request too large")
