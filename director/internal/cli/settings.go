package cli

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"holdfast/director/internal/datadir"
)

// The port on which a Director serves its API, and the one tried when none is named.
const (
	defaultPort     = "4443"
	defaultDirector = "https://localhost:4443"
	defaultTimeout  = 2 * time.Minute
)

// fileConfig is config.yaml. An unknown key is an error.
type fileConfig struct {
	Director    string `yaml:"director"`
	TokenFile   string `yaml:"token_file"`
	CA          string `yaml:"ca"`
	Fingerprint string `yaml:"fingerprint"`
	Output      string `yaml:"output"`
	Timeout     string `yaml:"timeout"`
}

// settings is where the Director is, how it is known, and who asks.
type settings struct {
	director string
	// named is false when nobody said which Director.
	named bool
	token string
	// tokenFrom says where the token comes from, for error messages; "" without one.
	tokenFrom string
	tokenFile string
	trust     trust
	timeout   time.Duration
	// timeoutGiven is true when a person chose it.
	timeoutGiven bool
	session      *sessionFile
}

// loadSettings merges flags, environment, config file and the last login, in this order of precedence.
func (a *app) loadSettings() (settings, error) {
	cfg, err := a.loadConfig()
	if err != nil {
		return settings{}, err
	}
	s := settings{timeout: defaultTimeout}
	if s.session, err = loadSession(a.sessionPath()); err != nil {
		return settings{}, err
	}
	name := first(a.flags.director, a.Getenv("HOLDFAST_DIRECTOR"), cfg.Director, s.session.Current)
	s.named = name != ""
	if s.director, err = directorURL(first(name, defaultDirector)); err != nil {
		return settings{}, err
	}
	if err := a.loadTimeout(&s, cfg); err != nil {
		return settings{}, err
	}
	if cfg.Director != "" {
		own, err := directorURL(cfg.Director)
		if err != nil {
			return settings{}, err
		}
		if own != s.director {
			// Token and trust in the file belong to the Director named there.
			cfg.TokenFile, cfg.CA, cfg.Fingerprint = "", "", ""
		}
	}
	if err := a.loadToken(&s, cfg); err != nil {
		return settings{}, err
	}
	s.trust, err = a.loadTrust(s, cfg)
	return s, err
}

func (a *app) loadTimeout(s *settings, cfg fileConfig) error {
	text := first(a.Getenv("HOLDFAST_TIMEOUT"), cfg.Timeout)
	s.timeoutGiven = a.flags.timeout > 0 || text != ""
	if a.flags.timeout > 0 {
		s.timeout = a.flags.timeout
	} else if text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return usagef("the timeout %q is not a time like 90s or 5m", text)
		}
		s.timeout = d
	}
	return nil
}

// loadTrust takes CA and fingerprint from one level only: a --ca on the command line is not weakened or contradicted
// by a fingerprint in a file.
func (a *app) loadTrust(s settings, cfg fileConfig) (trust, error) {
	levels := []struct{ ca, fingerprint string }{
		{a.flags.ca, a.flags.fingerprint},
		{a.Getenv("HOLDFAST_CA"), a.Getenv("HOLDFAST_FINGERPRINT")},
		{cfg.CA, cfg.Fingerprint},
		{"", besideToken(s.tokenFile)},
		{s.session.entry(s.director).CA, s.session.entry(s.director).Fingerprint},
	}
	for i, l := range levels {
		if l.ca != "" || l.fingerprint != "" {
			t, err := newTrust(l.ca, l.fingerprint)
			t.given = i < len(levels)-1
			if key := s.session.entry(s.director).Key; err == nil && key != "" && !t.given {
				t.key, err = parseFingerprint(key)
			}
			return t, err
		}
	}
	return trust{}, nil
}

// besideToken returns the fingerprint of the certificate that lies beside a token file, or "": in the Director's data
// folder both are together, so that on its own machine nothing else need be said.
func besideToken(tokenFile string) string {
	if tokenFile == "" {
		return ""
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(tokenFile), datadir.Certificate))
	if err != nil {
		return ""
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return ""
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	return fingerprintText(fingerprint(c))
}

func (a *app) loadToken(s *settings, cfg fileConfig) error {
	file := a.flags.tokenFile
	if file == "" {
		if t := strings.TrimSpace(a.Getenv("HOLDFAST_TOKEN")); t != "" {
			s.token, s.tokenFrom = t, "HOLDFAST_TOKEN"
			return nil
		}
		file = a.Getenv("HOLDFAST_TOKEN_FILE")
	}
	if file == "" {
		file = cfg.TokenFile
	}
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return notSignedIn{"the token file cannot be read: " + fileSentence(err) + "."}
		}
		if s.token = strings.TrimSpace(string(b)); s.token == "" {
			return notSignedIn{"the token file " + file + " is empty."}
		}
		s.tokenFrom, s.tokenFile = file, file
		return nil
	}
	if t := s.session.entry(s.director).Token; t != "" {
		s.token, s.tokenFrom = t, "login"
	}
	return nil
}

func (a *app) loadConfig() (fileConfig, error) {
	path, must := first(a.flags.config, a.Getenv("HOLDFAST_CONFIG")), true
	if path == "" {
		path, must = filepath.Join(a.ConfigDir, "config.yaml"), false
	}
	var cfg fileConfig
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return cfg, nil
	}
	if err != nil {
		return cfg, usagef("the configuration cannot be read: %s.", fileSentence(err))
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&cfg); err != nil && !errors.Is(err, io.EOF) {
		return cfg, usagef("%s: %s", path, yamlSentence(err))
	}
	return cfg, nil
}

// yamlSentence says what is wrong with a file in the words of its writer: "line 3: unknown key \"direktor\"".
func yamlSentence(err error) string {
	var te *yaml.TypeError
	if !errors.As(err, &te) || len(te.Errors) == 0 {
		return strings.TrimPrefix(err.Error(), "yaml: ")
	}
	text := te.Errors[0]
	if line, rest, ok := strings.Cut(text, ": field "); ok {
		if key, _, ok := strings.Cut(rest, " not found in type"); ok {
			return line + ": unknown key \"" + key + "\""
		}
	}
	return text
}

// directorURL makes "host", "host:port" or "https://host:port" whole.
func directorURL(text string) (string, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" {
		return "", usagef("%q is not the address of a Director; write it like backup.example.com or https://backup.example.com:4443", text)
	}
	if u.Scheme != "https" {
		return "", usagef("the Director is reached by https only, not by %s", u.Scheme)
	}
	port := first(u.Port(), defaultPort)
	return "https://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port), nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// fileSentence is a file error without the name of the system call.
func fileSentence(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Path + ": " + pe.Err.Error()
	}
	return err.Error()
}
