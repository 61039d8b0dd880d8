package governor

// Lanes returns how many lanes are remembered.
func (r *Registry) Lanes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lanes)
}
