package graph

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spool holds bytes until they are read: in memory while the message's budget lasts, else in a file of its own.
type spool struct {
	memory bytes.Buffer
	file   *os.File
	size   int64
}

// fill reads r to its end. budget is what may be held in memory, and is reduced by what is.
func (s *spool) fill(r io.Reader, folder string, budget *int64) error {
	n, err := io.Copy(&s.memory, io.LimitReader(r, *budget+1))
	s.size = n
	if err != nil {
		return err
	}
	if n <= *budget {
		*budget -= n
		return nil
	}
	if s.file, err = os.CreateTemp(folder, "holdfast-attachment-*"); err != nil {
		return &stopError{err}
	}
	if _, err := s.file.Write(s.memory.Bytes()); err != nil {
		return &stopError{err}
	}
	s.memory = bytes.Buffer{}
	rest, err := io.Copy(s.file, r)
	s.size += rest
	if err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return &stopError{err}
	}
	return nil
}

func (s *spool) reader() io.Reader {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.memory.Bytes())
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file = nil
	return err
}
