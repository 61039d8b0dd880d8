package tenant

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// journal is one event a line, appended. A last line that a kill cut short is dropped: its change was never answered.
type journal struct {
	f   *os.File
	w   *bufio.Writer
	err error
}

func openJournal(path string, apply func(*event)) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	good, err := replay(f, apply)
	if err == nil {
		err = f.Truncate(good)
	}
	if err == nil {
		_, err = f.Seek(good, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{f: f, w: bufio.NewWriterSize(f, 1<<20)}, nil
}

// replay applies every whole line and returns the offset after the last one.
func replay(r io.Reader, apply func(*event)) (int64, error) {
	br := bufio.NewReaderSize(r, 1<<20)
	var good int64
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return good, nil
		case err != nil:
			return good, err
		}
		e := new(event)
		if err := json.Unmarshal(bytes.TrimSpace(line), e); err != nil {
			return good, fmt.Errorf("line at byte %d: %w", good, err)
		}
		apply(e)
		good += int64(len(line))
		line = line[:0]
	}
}

func (j *journal) add(e *event) {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = j.w.Write(append(b, '\n'))
	}
	j.err = errors.Join(j.err, err)
}

// flush hands what was added to the operating system: it then survives the process, which is all that is promised.
func (j *journal) flush() error { return errors.Join(j.err, j.w.Flush()) }

func (j *journal) close() error { return errors.Join(j.flush(), j.f.Close()) }
