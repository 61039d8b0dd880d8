package repository

// searchFolder holds what search derives from the points. Its files are named as packs are, and it may be removed at any
// time while nobody has the repository open.
const searchFolder = "search"

// SearchFolder returns the folder of the search index, which need not exist.
func (r *Repository) SearchFolder() string { return r.path(searchFolder) }

// SealDerived boxes what was derived from the repository and lies outside of its packs: encrypted where the repository is. The use
// says what it is: it does not open under another.
func (r *Repository) SealDerived(use string, data []byte) []byte {
	return r.ring.Box(nil, "derived "+use, data)
}

// OpenDerived returns what SealDerived boxed; Corrupt when it was changed. The result may share the box's memory.
func (r *Repository) OpenDerived(use string, box []byte) ([]byte, error) {
	return r.ring.Unbox("derived "+use, box)
}
