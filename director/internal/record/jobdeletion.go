package record

import "time"

// Deletion of a job with its backups. The job goes when all of it is done.
type Deletion struct {
	Asked  time.Time
	Places []DeletionPlace
}

// DeletionPlace is a repository in which the points of a job are to be deleted.
type DeletionPlace struct {
	Repository RepositoryID
	// Name of the repository when the deletion was asked for.
	Name string
	// Deleted is how many points were, so far.
	Deleted int64
	Done    bool
	// Waiting is why it does not go on; empty when it does.
	Waiting string
}

// Done reports whether nothing is left to delete.
func (d *Deletion) Done() bool {
	for _, p := range d.Places {
		if !p.Done {
			return false
		}
	}
	return true
}
