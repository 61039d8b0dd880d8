package blob

import (
	"errors"
	"io/fs"

	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// remove removes the files of packs that the index no longer has, and makes that durable. One that cannot be removed (Windows
// keeps a file that is being read) is tried again later; its reason is in left. An error is that of the folder.
func (s *Store) remove(packs []pack.Name) (left map[pack.Name]error, err error) {
	s.removing.Lock()
	defer s.removing.Unlock()
	for _, name := range packs {
		s.doomed[name] = true
	}
	return s.removeAll()
}

// RemoveDoomed tries again to remove files of packs that the index no longer has, and returns how many stay. When none do,
// no file of such a pack can come back, whatever happens.
func (s *Store) RemoveDoomed() (stay int, err error) {
	s.removing.Lock()
	defer s.removing.Unlock()
	left, err := s.removeAll()
	return len(left), err
}

// isDoomed reports whether the file of a pack is still to be removed.
func (s *Store) isDoomed(name pack.Name) bool {
	s.removing.Lock()
	defer s.removing.Unlock()
	return s.doomed[name]
}

func (s *Store) removeAll() (map[pack.Name]error, error) {
	var left map[pack.Name]error
	for name := range s.doomed {
		path := s.Path(name)
		s.files.drop(path)
		err := s.opts.FS.Remove(path)
		s.files.drop(path) // a reader that had found the blob before may have opened it
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			if left == nil {
				left = map[pack.Name]error{}
			}
			left[name] = disk.Fault(err, "remove", path)
			continue
		}
		delete(s.doomed, name)
	}
	if err := s.opts.FS.SyncDir(s.opts.Dir); err != nil {
		return left, disk.Fault(err, "sync", s.opts.Dir)
	}
	return left, nil
}
