// Package journal is what a recovery remembers across a crash: an append-only file of lines, each with its checksum.
//
//	crc32c in 8 hexadecimal digits, a space, one JSON object, a line feed
//
// The first line names the recovery (Begin). Then, for each kept message that is written:
//
//	intent   it is about to be created, under this recovery id; durable before the request is sent
//	done     it was created with this id
//	void     the announced creation left nothing behind
//	removed  the message that it overwrites was deleted
//
// and for each folder
//
//	making   it is about to be made, under a hash of its parent and name; durable before the request is sent
//	folder   it was made with this id
//	unmade   it was not: one of that name is there already, or it was refused
//
// An intent without done or void, and a making without folder or unmade, is uncertain and must be looked up. A line that was
// torn by a crash can only be the last; it is cut off. Any other damage is Corrupt, because going on could make
// duplicates. The file holds ids and hashes, never content. It stays after the recovery: it is what an undo goes by.
package journal

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"holdfast/pkg/fault"
)

const (
	version = 1
	// maxLine bounds a line, in bytes: five ids of a few hundred bytes and room.
	maxLine = 64 << 10
)

// Source names a kept message by a hash of its folder's id and its own.
type Source [16]byte

// MarshalText writes hexadecimal.
func (s Source) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(s[:])), nil }

// UnmarshalText reads hexadecimal.
func (s *Source) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(s) {
		return errors.New("wrong length of a hash")
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// Kind is what a line says.
type Kind string

// The kinds. Their letters are stored.
const (
	KindBegin   Kind = "begin"
	KindMaking  Kind = "making" // journals of before do not have it
	KindFolder  Kind = "folder"
	KindUnmade  Kind = "unmade"
	KindIntent  Kind = "intent"
	KindDone    Kind = "done"
	KindVoid    Kind = "void"
	KindRemoved Kind = "removed"
)

// Entry is one line. Which fields are set depends on the kind.
type Entry struct {
	Kind    Kind    `json:"k"`
	Version int     `json:"v,omitempty"`
	Request string  `json:"req,omitempty"` // begin: a hash of all that must be the same for the journal to be gone on with
	Source  *Source `json:"s,omitempty"`
	ID      string  `json:"r,omitempty"` // recovery id; of a folder a hash of where it is and its name
	Action  uint8   `json:"a,omitempty"`
	Folder  string  `json:"f,omitempty"` // target folder
	Old     string  `json:"o,omitempty"` // the message to be overwritten
	New     string  `json:"n,omitempty"` // the message created
	Change  string  `json:"c,omitempty"` // its change key when it was finished; journals of before do not have it
}

// File is what a journal needs of its file.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// Journal is an open journal. Its methods may be called by many goroutines. After an error of Append or Sync it is broken
// and every further call returns that error: what the file holds is then unknown until it is opened again.
type Journal struct {
	path string

	mu      sync.Mutex
	cond    *sync.Cond
	f       File
	broken  error
	written int64
	synced  int64
	syncing bool
}

var table = crc32.MakeTable(crc32.Castagnoli)

// Open opens or makes the journal at path and calls replay with each entry that it has, begin excepted. request is a hash
// of what is recovered to where; a journal that began with another is Conflict. wrap may be nil; a test puts failures into
// the file with it.
func Open(path, request string, replay func(Entry) error, wrap func(File) File) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "make the folder for recovery journals: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "open the recovery journal: %w", err)
	}
	whole, err := read(bufio.NewReaderSize(f, maxLine+1), request, replay)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("recovery journal %s: %w", path, err)
	}
	if err = f.Truncate(whole); err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fault.New(fault.Unavailable, "cut the recovery journal's torn end: %w", err)
	}
	j := &Journal{path: path, f: f}
	j.cond = sync.NewCond(&j.mu)
	if wrap != nil {
		j.f = wrap(f)
	}
	if whole == 0 {
		if err := j.begin(request); err != nil {
			f.Close()
			return nil, err
		}
	}
	return j, nil
}

func (j *Journal) begin(request string) error {
	if err := j.Append(Entry{Kind: KindBegin, Version: version, Request: request}); err != nil {
		return err
	}
	if err := j.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.path))
}

// anyRequest is no hash: the journal of whatever recovery is read.
const anyRequest = "*"

// Read calls replay with each entry of the journal at path, begin excepted. It changes nothing. NotFound when there is no
// journal.
func Read(path string, replay func(Entry) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.NotFound, "there is no journal of this recovery any more")
	}
	if err != nil {
		return fault.New(fault.Unavailable, "open the recovery journal: %w", err)
	}
	defer f.Close()
	if _, err := read(bufio.NewReaderSize(f, maxLine+1), anyRequest, replay); err != nil {
		return fmt.Errorf("recovery journal %s: %w", path, err)
	}
	return nil
}

// read hands the entries to replay and returns how many bytes are whole lines.
func read(from *bufio.Reader, request string, replay func(Entry) error) (int64, error) {
	var whole int64
	for n := 1; ; n++ {
		line, ended, err := readLine(from)
		if err != nil {
			return 0, fault.New(fault.Unavailable, "read it: %w", err)
		}
		if !ended {
			return whole, nil // the end, or torn by a crash
		}
		e, err := decode(line)
		if err != nil {
			if _, more := from.Peek(1); errors.Is(more, io.EOF) {
				return whole, nil // torn by a crash
			}
			return 0, fault.New(fault.Corrupt, "line %d is damaged (%w); going on could make duplicates: start a new recovery", n, err)
		}
		switch {
		case n == 1 && (e.Kind != KindBegin || e.Version != version):
			return 0, fault.New(fault.Unsupported, "this version cannot read it")
		case n == 1 && e.Request != request && request != anyRequest:
			return 0, fault.New(fault.Conflict, "it belongs to another recovery")
		case n > 1:
			if err := replay(e); err != nil {
				return 0, err
			}
		}
		whole += int64(len(line)) + 1
	}
}

// readLine returns the next line without its end, good until the next call, and whether it has one. One that is longer
// than any of ours comes empty.
func readLine(from *bufio.Reader) (line []byte, ended bool, err error) {
	line, err = from.ReadSlice('\n')
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = from.ReadSlice('\n')
	}
	switch {
	case err == nil && long:
		return nil, true, nil
	case err == nil:
		return line[:len(line)-1], true, nil
	case errors.Is(err, io.EOF):
		return line, false, nil
	}
	return nil, false, err
}

func decode(line []byte) (Entry, error) {
	var e Entry
	sum, body, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(line) > maxLine {
		return e, errors.New("no line of a journal")
	}
	if string(sum) != fmt.Sprintf("%08x", crc32.Checksum(body, table)) {
		return e, errors.New("wrong checksum")
	}
	return e, json.Unmarshal(body, &e)
}

func encode(e Entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fault.New(fault.Unknown, "encode a journal entry: %w", err)
	}
	if len(body)+16 > maxLine {
		return nil, fault.New(fault.Invalid, "a journal entry of %d bytes is too long", len(body))
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(body, table), body), nil
}

// Append writes an entry. It survives the process at once and a power failure after Sync.
func (j *Journal) Append(e Entry) error {
	line, err := encode(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	if _, err := j.f.Write(line); err != nil {
		return j.fail(fmt.Errorf("write the recovery journal %s: %w", j.path, err))
	}
	j.written += int64(len(line))
	return nil
}

// Sync makes everything appended so far durable. Callers at the same time share one flush.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for want := j.written; j.synced < want; {
		if j.broken != nil {
			return j.broken
		}
		if j.syncing {
			j.cond.Wait()
			continue
		}
		j.syncing = true
		upTo := j.written
		j.mu.Unlock()
		err := j.f.Sync()
		j.mu.Lock()
		j.syncing = false
		j.cond.Broadcast()
		if err != nil {
			return j.fail(fmt.Errorf("flush the recovery journal %s: %w", j.path, err))
		}
		j.synced = upTo
	}
	return nil
}

// fail breaks the journal. The caller holds mu.
func (j *Journal) fail(err error) error {
	if j.broken == nil {
		j.broken = fault.New(fault.Exhausted, "%w", err)
		j.cond.Broadcast()
	}
	return j.broken
}

// Close makes what was appended durable and closes the file.
func (j *Journal) Close() error {
	err := j.Sync()
	j.mu.Lock()
	if err == nil {
		err = j.broken
	}
	j.mu.Unlock()
	if closeErr := j.f.Close(); err == nil && closeErr != nil {
		err = fault.New(fault.Exhausted, "close the recovery journal: %w", closeErr)
	}
	return err
}
