package blob

import (
	"sync"

	"holdfast/transporter/internal/repository/pack"
)

// maxSpoiled bounds the blobs that are remembered to be damaged. A repair takes them, and any more, out of the index.
const maxSpoiled = 1 << 18

// spoiled are blobs of which no whole copy was found when they were read. They count as missing, so that whoever has their
// bytes may put them again.
type spoiled struct {
	mu    sync.RWMutex
	ids   map[pack.ID]struct{}
	count uint64 // of those ever noted
}

func (s *spoiled) note(id pack.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.ids[id]; ok || len(s.ids) == maxSpoiled {
		return
	}
	if s.ids == nil {
		s.ids = map[pack.ID]struct{}{}
	}
	s.ids[id] = struct{}{}
	s.count++
}

func (s *spoiled) has(id pack.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.ids[id]
	return ok
}

func (s *spoiled) heal(id pack.ID) {
	if !s.has(id) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, id)
}

// Spoiled returns how many blobs were found to be damaged, wherever they are, since the store was opened.
func (s *Store) Spoiled() uint64 {
	s.spoiled.mu.RLock()
	defer s.spoiled.mu.RUnlock()
	return s.spoiled.count
}
