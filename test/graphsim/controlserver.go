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
	s.handleAdmin(on)
	on("GET /_control/settings", func(*http.Request) (any, error) { return s.settings.Load(), nil })
	on("PUT /_control/settings", func(r *http.Request) (any, error) {
		var set Settings
		err := decodeStrict(r, &set)
		if err == nil {
			s.settings.Store(&set)
		}
		return set, err
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
		if out.Bulk != u.Bulk {
			return errors.New("bulk mail is set when the user is made")
		}
		tx.PutUser(out)
		return nil
	})
	return out, err
}

// ExpireDelta makes the service forget all delta tokens of a mailbox handed out so far; code is what it then answers with
// 410, SyncStateNotFound by default (contract 4.6).
func (s *Server) ExpireDelta(mailbox, code string) error { return s.ExpireDeltaAs(mailbox, 0, code) }

// ExpireDeltaAs does so with any status: 40X was documented too.
func (s *Server) ExpireDeltaAs(mailbox string, status int, code string) error {
	return s.tenant.Update(func(tx *tenant.Tx) error {
		u := tx.User(mailbox)
		if u == nil {
			return errors.New("no user " + mailbox)
		}
		next := *u
		next.DeltaExpired, next.DeltaError, next.DeltaStatus = tx.Seq+1, code, status
		tx.PutUser(next)
		return nil
	})
}

func (s *Server) controlExpire(r *http.Request) (any, error) {
	var b struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
	}
	if err := decodeStrict(r, &b); err != nil {
		return nil, err
	}
	return nil, s.ExpireDeltaAs(r.PathValue("user"), b.Status, b.Code)
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
	enc, begun := json.NewEncoder(w), false
	err := s.EachTruth(r.PathValue("user"), truthOptions(r), func(l TruthLine) error {
		if !begun {
			w.Header().Set("Content-Type", "application/x-ndjson")
			begun = true
		}
		return enc.Encode(&l)
	})
	switch {
	case err != nil && begun:
		panic(http.ErrAbortHandler) // the reader sees a cut stream
	case err != nil:
		writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
	}
}

// MailboxHash is a mailbox in short.
type MailboxHash struct {
	Folders  int    `json:"folders"`
	Messages int    `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Hash     string `json:"hash"`
}

func (s *Server) controlHash(r *http.Request) (any, error) {
	h := newHasher()
	err := s.EachTruth(r.PathValue("user"), truthOptions(r), func(l TruthLine) error { h.add(l); return nil })
	if err != nil {
		return nil, err
	}
	return h.sum(), nil
}

// HashOf sums lines up.
func HashOf(lines []TruthLine) MailboxHash {
	h := newHasher()
	for _, l := range lines {
		h.add(l)
	}
	return h.sum()
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
