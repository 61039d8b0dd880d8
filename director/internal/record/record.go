// Package record is the vocabulary of the Director: what it keeps, as plain values, each noun with its own id type. It
// does no I/O, knows no wire format and no database; package store keeps these values, package api shows them.
package record

import (
	"fmt"

	"github.com/google/uuid"
)

// Ids. They are made by the Director, never change, and sort by the time they were made.
type (
	// TransporterID names a Transporter; it is also the last part of its identity.
	TransporterID string
	// RepositoryID names a repository, in its folder too.
	RepositoryID string
	// JobID names a job.
	JobID string
	// RunID names a run, a recovery or a verify.
	RunID string
	// TaskID names a task: the run's id and the task's position in it.
	TaskID string
	// DeliveryID names a report on its way to one receiver.
	DeliveryID string
	// PointID names a recovery point. It is the repository's.
	PointID string
)

// NewID returns an id that sorts behind all those made before it.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// TaskOf returns the id of the task at a position of a run, counted from 1. Ids of one run sort by position.
func TaskOf(run RunID, position int) TaskID {
	return TaskID(fmt.Sprintf("%s-%07d", run, position))
}
