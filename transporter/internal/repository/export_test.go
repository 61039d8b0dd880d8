package repository

// Crash lets go of a repository as a killed process would.
func Crash(r *Repository) { r.drop() }
