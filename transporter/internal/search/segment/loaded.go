package segment

// loaded is what searches need in memory of a segment. Who only writes segments and joins them never has it.
type loaded struct {
	dict    *dictionary
	columns *Columns
}

// Load reads into memory what searches need, unless it is there. Corrupt when it is damaged. Who searches need not call it
// before.
func (s *Segment) Load() error {
	_, err := s.load()
	return err
}

// Loaded reports whether Load or a search has read what searches need.
func (s *Segment) Loaded() bool { return s.memory.Load() != nil }

// Unload lets go of it. Nobody may be searching in the segment at that time.
func (s *Segment) Unload() {
	s.memory.Store(nil)
	s.cache.forget(s)
}

func (s *Segment) load() (*loaded, error) {
	if l := s.memory.Load(); l != nil {
		return l, nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if l := s.memory.Load(); l != nil {
		return l, nil
	}
	columns, err := s.newColumns()
	if err != nil {
		return nil, err
	}
	dict, err := s.newDictionary()
	if err != nil {
		return nil, err
	}
	l := &loaded{dict, columns}
	s.memory.Store(l)
	return l, nil
}

// Columns returns what is kept of each document, loading the segment if that is needed.
func (s *Segment) Columns() (*Columns, error) {
	l, err := s.load()
	if err != nil {
		return nil, err
	}
	return l.columns, nil
}

// Memory returns how many bytes the segment takes besides what is cached.
func (s *Segment) Memory() int64 {
	n := int64(len(s.present)) * 8
	if l := s.memory.Load(); l != nil {
		n += int64(cap(l.dict.raw)) + 4*int64(cap(l.dict.starts)) + 8*int64(cap(l.dict.refs)) + l.dict.sieve.memory() + 20*int64(s.Docs) + int64(s.Docs)/8
	}
	return n
}
