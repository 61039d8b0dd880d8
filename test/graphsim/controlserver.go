package graphsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"holdfast/test/graphsim/corpus"
	"holdfast/test/graphsim/internal/tenant"
)

// controlHandler serves the control endpoint: plain JSON, no authentication, meant for the loopback. README.md lists it.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, h func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := h(r)
			if err != nil {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
				return
			}
			if v == nil {
				v = struct{}{}
			}
			writeJSON(w, http.StatusOK, v)
		})
	}
	on("GET /_control/health", func(*http.Request) (any, error) { return s.Health(), nil })
	on("POST /_control/users", s.controlUsers)
	on("GET /_control/users", func(*http.Request) (any, error) {
		var users []*tenant.User
		s.tenant.View(func(st *tenant.State) { users = st.Users() })
		return users, nil
	})
	on("PATCH /_control/users/{user}", s.controlUser)
	on("POST /_control/mailboxes/{user}/messages", s.controlMessages)
	on("POST /_control/mailboxes/{user}/large", s.controlLarge)
	on("POST /_control/mailboxes/{user}/folders", s.controlFolder)
	on("POST /_control/mailboxes/{user}/change", s.controlChange)
	on("POST /_control/mailboxes/{user}/expire-delta", s.controlExpire)
	on("GET /_control/mailboxes/{user}/hash", s.controlHash)
	mux.HandleFunc("GET /_control/mailboxes/{user}/truth", s.controlTruth)
	on("GET /_control/counters", func(r *http.Request) (any, error) {
		return s.counters.Snapshot(r.URL.Query().Get("reset") == "true"), nil
	})
	on("DELETE /_control/counters", func(*http.Request) (any, error) { s.counters.Snapshot(true); return nil, nil })
	on("GET /_control/faults", func(*http.Request) (any, error) { return s.faults.List(), nil })
	on("DELETE /_control/faults", func(*http.Request) (any, error) { s.faults.Clear(); return nil, nil })
	on("POST /_control/faults", func(r *http.Request) (any, error) {
		var f Fault
		err := decodeStrict(r, &f)
		return map[string]int{"id": s.addFault(f, err)}, err
	})
	on("GET /_control/settings", func(*http.Request) (any, error) { return s.settings.Load(), nil })
	on("PUT /_control/settings", func(r *http.Request) (any, error) {
		var set Settings
		err := decodeStrict(r, &set)
		if err == nil {
			s.settings.Store(&set)
		}
		return set, err
	})
	on("GET /_control/throttle", func(*http.Request) (any, error) { return s.throttle.Limits(), nil })
	on("PUT /_control/throttle", func(r *http.Request) (any, error) {
		var l Limits
		err := decodeStrict(r, &l)
		if err == nil {
			s.throttle.SetLimits(l)
		}
		return s.throttle.Limits(), err
	})
	on("PUT /_control/clock", s.controlClock)
	on("POST /_control/seed", func(r *http.Request) (any, error) {
		var o SeedOptions
		if err := decodeStrict(r, &o); err != nil {
			return nil, err
		}
		return s.Seed(o)
	})
	return mux
}

func (s *Server) addFault(f Fault, err error) int {
	if err != nil {
		return 0
	}
	return s.faults.Add(f)
}

func decodeStrict(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// Health says that the tenant is up, where, and how much it holds.
type Health struct {
	Status    string    `json:"status"`
	Tenant    string    `json:"tenant"`
	Authority string    `json:"authority"`
	Graph     string    `json:"graph"`
	Upload    string    `json:"upload"`
	Control   string    `json:"control"`
	Proxy     string    `json:"proxy,omitempty"`
	Now       time.Time `json:"now"`
	Users     int       `json:"users"`
	Events    uint64    `json:"events"`
}

// Health of the tenant.
func (s *Server) Health() Health {
	h := Health{
		Status: "ok", Tenant: s.opts.Tenant, Authority: s.Authority(), Graph: s.GraphURL(), Upload: s.UploadURL(),
		Control: s.ControlURL(), Proxy: s.ProxyURL(), Now: s.tenant.Now(),
	}
	s.tenant.View(func(st *tenant.State) { h.Users, h.Events = len(st.Users()), st.Seq })
	return h
}

func (s *Server) controlUsers(r *http.Request) (any, error) {
	var users []User
	if err := decodeStrict(r, &users); err != nil {
		return nil, err
	}
	return s.AddUsers(users...)
}

// controlUser changes the members that are given.
func (s *Server) controlUser(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return s.UpdateUser(r.PathValue("user"), func(u *User) error { return json.Unmarshal(body, u) })
}

// UpdateUser changes a user: deny it, take its mailbox away, delete it and so on.
func (s *Server) UpdateUser(name string, change func(*User) error) (User, error) {
	var out User
	err := s.tenant.Update(func(tx *tenant.Tx) error {
		u := tx.User(name)
		if u == nil {
			return errors.New("no user " + name)
		}
		out = *u
		if err := change(&out); err != nil {
			return err
		}
		out.ID = u.ID
		fresh := tx.Mailbox(u.ID) == nil
		tx.PutUser(out)
		if out.Mailbox && fresh {
			tx.AddDefaultFolders(u.ID, out.Language)
		}
		return nil
	})
	return out, err
}

// ExpireDelta makes the service forget all delta tokens of a mailbox handed out so far; code is what it then answers,
// SyncStateNotFound by default (contract 4.6).
func (s *Server) ExpireDelta(mailbox, code string) error {
	return s.tenant.Update(func(tx *tenant.Tx) error {
		u := tx.User(mailbox)
		if u == nil {
			return errors.New("no user " + mailbox)
		}
		next := *u
		next.DeltaExpired, next.DeltaError = tx.Seq+1, code
		tx.PutUser(next)
		return nil
	})
}

func (s *Server) controlExpire(r *http.Request) (any, error) {
	var b struct {
		Code string `json:"code"`
	}
	if err := decodeStrict(r, &b); err != nil {
		return nil, err
	}
	return nil, s.ExpireDelta(r.PathValue("user"), b.Code)
}

// controlMessages takes one JSON message after another and adds them in groups.
func (s *Server) controlMessages(r *http.Request) (any, error) {
	store := newContents(s.tenant.Blobs)
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	var group []corpus.Message
	n := 0
	for {
		var m corpus.Message
		err := dec.Decode(&m)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err == nil {
			group = append(group, m)
			n++
		}
		if len(group) > 0 && (err != nil || len(group) == seedChunk) {
			if err := s.addMessages(r.PathValue("user"), group, store); err != nil {
				return nil, err
			}
			group = nil
		}
		if errors.Is(err, io.EOF) {
			return map[string]int{"added": n}, nil
		}
	}
}

func (s *Server) controlLarge(r *http.Request) (any, error) {
	var l Large
	if err := decodeStrict(r, &l); err != nil {
		return nil, err
	}
	return nil, s.AddLarge(r.PathValue("user"), l)
}

// folderRequest makes a folder.
type folderRequest struct {
	Path   []string `json:"path"`
	Hidden bool     `json:"hidden,omitempty"`
	Search bool     `json:"search,omitempty"`
	Again  bool     `json:"again,omitempty"`
}

func (s *Server) controlFolder(r *http.Request) (any, error) {
	var f folderRequest
	if err := decodeStrict(r, &f); err != nil {
		return nil, err
	}
	return nil, s.AddFolder(r.PathValue("user"), f.Path, f.Hidden, f.Search, f.Again)
}

func (s *Server) controlChange(r *http.Request) (any, error) {
	var ch Change
	if err := decodeStrict(r, &ch); err != nil {
		return nil, err
	}
	ids, err := s.Change(r.PathValue("user"), ch)
	return map[string]any{"messages": ids}, err
}

func truthOptions(r *http.Request) TruthOptions {
	return TruthOptions{Recoverable: r.URL.Query().Get("recoverable") == "true"}
}

func (s *Server) controlTruth(w http.ResponseWriter, r *http.Request) {
	lines, err := s.Truth(r.PathValue("user"), truthOptions(r))
	if err != nil {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = WriteTruth(w, lines) // the reader sees a cut stream
}

// MailboxHash is a mailbox in short.
type MailboxHash struct {
	Folders  int    `json:"folders"`
	Messages int    `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Hash     string `json:"hash"`
}

func (s *Server) controlHash(r *http.Request) (any, error) {
	lines, err := s.Truth(r.PathValue("user"), truthOptions(r))
	if err != nil {
		return nil, err
	}
	return HashOf(lines), nil
}

// HashOf sums lines up.
func HashOf(lines []TruthLine) MailboxHash {
	h := MailboxHash{Hash: Hash(lines)}
	for _, l := range lines {
		if l.Folder != nil {
			h.Folders++
			continue
		}
		h.Messages++
		h.Bytes += l.Message.BodySize
		for _, a := range l.Message.Attachments {
			h.Bytes += a.Size
		}
	}
	return h
}

// SetClock moves the tenant's clock against the real one.
func (s *Server) SetClock(offset time.Duration) error {
	return s.tenant.Update(func(tx *tenant.Tx) error { tx.SetOffset(offset); return nil })
}

func (s *Server) controlClock(r *http.Request) (any, error) {
	var b struct {
		Offset time.Duration `json:"offset"`
		Now    time.Time     `json:"now"`
	}
	if err := decodeStrict(r, &b); err != nil {
		return nil, err
	}
	if !b.Now.IsZero() {
		b.Offset = b.Now.Sub(s.tenant.Wall())
	}
	return s.Health(), s.SetClock(b.Offset)
}
