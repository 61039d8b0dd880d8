package repository

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
)

// The file index.bolt.sum is there while nobody has the repository open. It vouches for the index as it was closed, and says
// which journals there were, for what is cut off a journal between two checkpoints leaves no trace in it:
//
//	holdfast index sha256 <SHA-256 of index.bolt, in hexadecimal>
//	journal <name> <bytes>                                                 one line for each
//	sha256 <SHA-256 of everything before this line, in hexadecimal>
//
// Whoever opens the repository removes it before the index changes. An index without it was not closed in order: it is
// inspected page by page, and its points are compared with those in the packs. One that it does not fit is built anew.
const (
	indexSum      = indexFile + ".sum"
	indexSumLimit = 16 << 20
)

func (r *Repository) sumIndex() (string, error) {
	path := r.indexPath()
	f, err := os.Open(path)
	if err != nil {
		return "", disk.Fault(err, "read", path)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", disk.Fault(err, "read", path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// vouchIndex writes the checksum of an index that was closed.
func (r *Repository) vouchIndex() error {
	sum, err := r.sumIndex()
	if err != nil {
		return err
	}
	staged, err := r.opts.FS.List(r.path(stagingFolder))
	if err != nil {
		return disk.Fault(err, "read", r.path(stagingFolder))
	}
	text := fmt.Appendf(nil, "holdfast index sha256 %s\n", sum)
	for _, e := range staged {
		if strings.HasSuffix(e.Name, journalEnding) {
			text = fmt.Appendf(text, "journal %s %d\n", e.Name, e.Size)
		}
	}
	return disk.WriteFile(r.opts.FS, r.path(indexSum), fmt.Appendf(text, "sha256 %x\n", sha256.Sum256(text)))
}

// vetIndex makes sure that the index is fit to be opened, and takes the checksum away, for it is about to change. Damage is
// Corrupt, a missing index NotFound.
func (r *Repository) vetIndex() (vouched bool, err error) {
	text, err := disk.ReadFile(r.opts.FS, r.path(indexSum), indexSumLimit)
	if fault.KindOf(err) == fault.NotFound {
		return false, index.Inspect(r.indexPath())
	}
	if err != nil {
		return false, err
	}
	lines, ok := checkSum(text)
	if !ok {
		return false, fault.New(fault.Corrupt, "the checksum of the index, %s, is damaged itself", r.path(indexSum))
	}
	if err := r.vetJournals(lines[1:]); err != nil {
		return false, err
	}
	got, err := r.sumIndex()
	if err != nil {
		return false, err
	}
	if lines[0] != "holdfast index sha256 "+got {
		return false, fault.New(fault.Corrupt, "the index %s does not fit its checksum in %s", r.path(indexFile), indexSum)
	}
	return true, r.unvouchIndex()
}

// checkSum returns the lines of a checksum file without the last, which vouches for them.
func checkSum(text []byte) ([]string, bool) {
	body, last := text, []byte(nil)
	if at := bytes.LastIndex(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")); at > 0 {
		body, last = text[:at+1], text[at+1:]
	}
	if string(last) != fmt.Sprintf("sha256 %x\n", sha256.Sum256(body)) {
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(string(body), "\n"), "\n"), true
}

// vetJournals tells of journals that are gone or shorter than they were when the repository was closed.
func (r *Repository) vetJournals(lines []string) error {
	staged, err := r.opts.FS.List(r.path(stagingFolder))
	if err != nil {
		return disk.Fault(err, "read", r.path(stagingFolder))
	}
	sizes := map[string]int64{}
	for _, e := range staged {
		sizes[e.Name] = e.Size
	}
	for _, line := range lines {
		var name string
		var was int64
		if _, err := fmt.Sscanf(line, "journal %s %d", &name, &was); err != nil {
			return fault.New(fault.Corrupt, "%s has a line that this version does not know", r.path(indexSum))
		}
		size, there := sizes[name]
		switch {
		case !there:
			r.problem(filepath.Join(r.path(stagingFolder), name), "the journal is gone; what the interrupted session had is read from the mailbox again")
		case size < was:
			r.problem(filepath.Join(r.path(stagingFolder), name), fmt.Sprintf("the journal has %d of %d bytes; what they held is read from the mailbox again", size, was))
		}
	}
	return nil
}

// unvouchIndex removes the checksum for good.
func (r *Repository) unvouchIndex() error {
	path := r.path(indexSum)
	if err := r.opts.FS.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return disk.Fault(err, "remove", path)
	}
	if err := r.opts.FS.SyncDir(r.opts.Path); err != nil {
		return disk.Fault(err, "sync", r.opts.Path)
	}
	return nil
}

// openVetted opens an index that vetIndex has passed. Where nobody vouches for it, its points are compared with their keys.
func (r *Repository) openVetted(path string, o index.Options) (*index.Index, error) {
	x, err := index.Open(path, false, o)
	if err != nil || o.Vouched {
		return x, err
	}
	if err := r.vetPoints(x); err != nil {
		x.Drop()
		return nil, err
	}
	return x, nil
}

func (r *Repository) vetPoints(x *index.Index) error {
	damaged := fault.New(fault.Corrupt, "the index %s is damaged at a point", r.path(indexFile))
	list, err := x.Points(nil)
	if err != nil {
		return err
	}
	for i := range list {
		p, err := r.catalogPoint(&list[i])
		if err != nil {
			return damaged
		}
		placed, err := x.Point(list[i].Point)
		if err != nil {
			return err
		}
		if placed == nil || placed.Backup != list[i].Backup || !placed.Sealed.Equal(list[i].Sealed) ||
			r.backupID(p.Key) != list[i].Backup || !p.Sealed.Equal(list[i].Sealed) {
			return damaged
		}
	}
	return nil
}
