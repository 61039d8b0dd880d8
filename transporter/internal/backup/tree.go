package backup

import (
	"slices"
	"sync"

	"holdfast/pkg/mail"
)

// tree is the folder tree as last listed.
type tree struct {
	mu       sync.Mutex
	listed   []mail.Folder
	known    map[mail.FolderID]bool
	outdated bool
}

func (t *tree) set(folders []mail.Folder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listed, t.outdated = folders, false
	t.known = make(map[mail.FolderID]bool, len(folders))
	for _, f := range folders {
		t.known[f.ID] = true
	}
}

func (t *tree) folders() []mail.Folder {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.listed)
}

func (t *tree) has(id mail.FolderID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[id]
}

// meet notes a folder that a message lies in: one that is not listed was made meanwhile.
func (t *tree) meet(id mail.FolderID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known[id] {
		t.outdated = true
	}
}

func (t *tree) stale() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outdated
}
