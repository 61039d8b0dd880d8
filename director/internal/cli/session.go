package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
)

// sessionFile is session.yaml: what "login" remembers, readable by its owner only.
type sessionFile struct {
	// Current is the Director of the last login.
	Current   string                  `yaml:"current"`
	Directors map[string]sessionEntry `yaml:"directors"`
}

// sessionEntry belongs to one Director: its token is never sent to another.
type sessionEntry struct {
	User        string    `yaml:"user,omitempty"`
	Token       string    `yaml:"token,omitempty"`
	Expires     time.Time `yaml:"expires,omitempty"`
	CA          string    `yaml:"ca,omitempty"`
	Fingerprint string    `yaml:"fingerprint,omitempty"`
	// Key is the fingerprint of the certificate's public key: a Director that renews its certificate keeps its key.
	Key string `yaml:"key,omitempty"`
}

func (a *app) sessionPath() string { return filepath.Join(a.ConfigDir, "session.yaml") }

func (s *sessionFile) entry(director string) sessionEntry { return s.Directors[director] }

func (s *sessionFile) set(director string, e sessionEntry) {
	if s.Directors == nil {
		s.Directors = map[string]sessionEntry{}
	}
	s.Directors[director] = e
}

func loadSession(path string) (*sessionFile, error) {
	s := &sessionFile{}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, usagef("the stored login cannot be read: %s.", fileSentence(err))
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return nil, usagef("%s: %s. Remove the file and sign in again", path, yamlSentence(err))
	}
	return s, nil
}

// save writes the file whole or not at all.
func (s *sessionFile) save(path string) error {
	b, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// CreateTemp makes files that only their owner can read.
	f, err := os.CreateTemp(filepath.Dir(path), ".session-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
