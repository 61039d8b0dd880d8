package shelf

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"holdfast/pkg/fault"
)

// namesFile keeps which repository each of the Director's ids stands for.
const namesFile = "repositories.json"

// names tells which repository an id of the Director stands for. A repository has an id of its own, in its folder and in
// every pack; one that this Transporter made goes by the id that the Director gave it as well.
type names struct {
	path string
	mu   sync.Mutex
	own  map[string]string // the repository's own id, by the Director's
}

func openNames(dir string) (*names, error) {
	n := &names{path: filepath.Join(dir, namesFile), own: map[string]string{}}
	data, err := os.ReadFile(n.path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read the names of repositories: %w", err)
	}
	if err := json.Unmarshal(data, &n.own); err != nil {
		return nil, fault.New(fault.Corrupt, "%s is damaged (%w): remove it; the Director attaches repositories again", n.path, err)
	}
	return n, nil
}

func (n *names) known(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.own[id] != ""
}

// mean reports whether the Director's id stands for the repository with that id of its own. An id that was never heard
// of, of a repository that was made elsewhere, stands for what lies where the Director says.
func (n *names) mean(id, own string) bool {
	if plain(id) == plain(own) {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.own[id]
	return known == "" || known == own
}

// plain is an id without the hyphens of a UUID.
func plain(id string) string { return strings.ToLower(strings.ReplaceAll(id, "-", "")) }

// set remembers an id. It is durable on return.
func (n *names) set(id, own string) error {
	if plain(id) == plain(own) {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own[id] = own
	return n.write()
}

// drop forgets an id.
func (n *names) drop(id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.own[id]; !ok {
		return nil
	}
	delete(n.own, id)
	return n.write()
}

// write replaces the file. The caller holds mu.
func (n *names) write() error {
	data, err := json.MarshalIndent(n.own, "", "  ")
	if err != nil {
		return fault.New(fault.Unknown, "encode the names of repositories: %w", err)
	}
	next := n.path + ".tmp"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(next, n.path)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "write %s: %w", n.path, err)
	}
	return nil
}

func cleaned(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
