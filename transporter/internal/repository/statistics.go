package repository

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// Statistics are sums over a repository.
type Statistics struct {
	Backups int
	Points  int
	Packs   int
	// Used is what the repository takes on disk, all files together, and Free what its disk still has.
	Used, Free, Total int64
	// Content and Trees count blobs of messages' content, and of pages, nodes, lists and roots: each once.
	Content, Trees BlobSums
	// LogicalAll is the content of all points as if nothing were shared; LogicalNewest that of the newest point of each backup.
	LogicalAll, LogicalNewest int64
	// Messages counts those of the newest point of each backup.
	Messages int64
	// ByBackup are the backups, sorted like those of Backups.
	ByBackup []BackupStatistics
	// Survey is what the last Survey or Reclaim found; nil when there was none since the index was made.
	Survey *Survey
}

// BackupStatistics are sums over one backup.
type BackupStatistics struct {
	Backup
	// Logical is the content of the newest point, LogicalAll that of all points as if nothing were shared.
	Logical, LogicalAll int64
	// Share is what it held at the last survey (Survey.BackupsTaken); nil when it was not there.
	Share *BackupShare
}

// BlobSums count blobs: how many, how long plain, how long as stored.
type BlobSums struct {
	Blobs, Plain, Stored int64
}

// Deduplication returns how many bytes of the newest points one byte of plain content stands for; 0 without content.
func (s *Statistics) Deduplication() float64 { return ratio(s.LogicalNewest, s.Content.Plain) }

// Compression returns how many plain bytes one stored byte stands for; 0 without blobs.
func (s *Statistics) Compression() float64 {
	return ratio(s.Content.Plain+s.Trees.Plain, s.Content.Stored+s.Trees.Stored)
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Statistics sums up the repository.
func (r *Repository) Statistics(ctx context.Context) (*Statistics, error) {
	points, err := r.points(ctx, nil)
	if err != nil {
		return nil, err
	}
	s := &Statistics{Points: len(points), Packs: len(r.index.Packs())}
	if s.Survey, err = r.lastSurvey(); err != nil {
		return nil, err
	}
	s.sumBackups(points)
	for typ, sums := range r.index.Sums() {
		s.add(typ, sums.Blobs, sums.Plain, sums.Stored)
	}
	r.blobs.EachOpen(func(e *pack.Entry) { s.add(e.Type, 1, int64(e.Plain), int64(e.Stored)) })
	if s.Total, s.Free, err = disk.Space(r.opts.Path); err != nil {
		return nil, err
	}
	for _, dir := range []string{packsFolder, stagingFolder} {
		files, err := r.opts.FS.List(r.path(dir))
		if err != nil {
			return nil, disk.Fault(err, "read", r.path(dir))
		}
		for _, f := range files {
			s.Used += f.Size
		}
	}
	for _, name := range []string{descriptorFile, descriptorCopy, indexFile} {
		path := r.path(name)
		if name == indexFile {
			path = r.indexPath()
		}
		info, err := os.Stat(path)
		if err != nil && name != indexFile && errors.Is(err, fs.ErrNotExist) {
			continue // it is made of its copy, or its copy of it, when the repository is opened next
		}
		if err != nil {
			return nil, disk.Fault(err, "read", path)
		}
		s.Used += info.Size()
	}
	return s, nil
}

func (s *Statistics) sumBackups(points []record.Point) {
	logical := map[record.BackupKey]int64{}
	for i := range points {
		s.LogicalAll += points[i].Counts.Bytes
		logical[points[i].Key] += points[i].Counts.Bytes
	}
	shares := map[record.BackupKey]*BackupShare{}
	for i := 0; s.Survey != nil && i < len(s.Survey.Backups); i++ {
		shares[s.Survey.Backups[i].Key] = &s.Survey.Backups[i]
	}
	for _, b := range groupBackups(points) {
		s.LogicalNewest += b.Newest.Counts.Bytes
		s.Messages += b.Newest.Counts.Messages
		s.ByBackup = append(s.ByBackup, BackupStatistics{
			Backup: b, Logical: b.Newest.Counts.Bytes, LogicalAll: logical[b.Key], Share: shares[b.Key],
		})
	}
	s.Backups = len(s.ByBackup)
}

func (s *Statistics) add(typ pack.Type, blobs, plain, stored int64) {
	sums := &s.Trees
	if typ == pack.Piece {
		sums = &s.Content
	}
	sums.Blobs += blobs
	sums.Plain += plain
	sums.Stored += stored
}
