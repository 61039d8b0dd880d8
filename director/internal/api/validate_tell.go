package api

import (
	"fmt"
	"net/mail"
	"path/filepath"
	"strings"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of scripts and reports. What a script is given must fit into what systems start a program with: 32,767
// characters in all on Windows.
const (
	maxArguments     = 100
	maxArgument      = 4096
	maxVariables     = 100
	maxVariable      = 200
	maxScriptSeconds = 24 * 60 * 60
	maxAddresses     = 50
	// maxAddress is what SMTP lets through, in bytes (RFC 5321, 4.5.3.1.3).
	maxAddress = 254
)

// script checks a script of a job; nil is none.
func script(field string, s *directorv1.Script, draft bool) error {
	if s == nil {
		return nil
	}
	if len(s.GetArguments()) > maxArguments {
		return bad(field+".arguments", "has more than %d entries", maxArguments)
	}
	for n, a := range s.GetArguments() {
		if err := programText(fmt.Sprintf("%s.arguments[%d]", field, n), a, maxArgument); err != nil {
			return err
		}
	}
	if s.GetDetached() && s.GetRequired() {
		return fault.InvalidField(field+".required", "a script that the run does not wait for (detached) cannot be required")
	}
	return first(
		programPath(field+".path", s.GetPath(), !draft), programPath(field+".interpreter", s.GetInterpreter(), false),
		environment(field+".environment", s.GetEnvironment()),
		between(field+".timeout_seconds", s.GetTimeoutSeconds(), 0, maxScriptSeconds),
	)
}

// programPath is the path of a file on this machine.
func programPath(field, s string, required bool) error {
	if s == "" {
		if required {
			return bad(field, "is missing")
		}
		return nil
	}
	if err := line(field, s, maxPath); err != nil {
		return err
	}
	if !filepath.IsAbs(s) {
		return fault.InvalidField(field, "%q is not a whole path on the Director's machine", s)
	}
	return nil
}

// programText is what a program can be given: anything without a zero byte.
func programText(field, s string, most int) error {
	switch {
	case len(s) > most:
		return bad(field, "is longer than %d bytes", most)
	case strings.ContainsRune(s, 0):
		return bad(field, "holds a zero byte")
	}
	return nil
}

// environment checks the variables of a script. Values are not named in errors: they may be secret.
func environment(field string, vars map[string]string) error {
	if len(vars) > maxVariables {
		return bad(field, "has more than %d entries", maxVariables)
	}
	for key, value := range vars {
		if key == "" || strings.ContainsAny(key, "=\x00") || line(field, key, maxVariable) != nil {
			return bad(field, "has a name that no variable can have: 1 to %d characters without = and control characters", maxVariable)
		}
		if strings.HasPrefix(strings.ToUpper(key), "HOLDFAST_") {
			return bad(field, "names %s; what begins with HOLDFAST_ is set by the run", key)
		}
		if err := programText(fmt.Sprintf("%s[%s]", field, key), value, maxArgument); err != nil {
			return err
		}
	}
	return nil
}

// reports checks whom a job tells.
func reports(field string, r *directorv1.Reports) error {
	if _, ok := directorv1.ReportWhen_name[int32(r.GetWhen())]; !ok {
		return bad(field+".when", "is none that there is")
	}
	return addresses(field+".addresses", r.GetAddresses())
}

// addresses checks a list of mail addresses, at most maxAddresses, each once.
func addresses(field string, list []string) error {
	if len(list) > maxAddresses {
		return bad(field, "has more than %d entries", maxAddresses)
	}
	for n, s := range list {
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s || len(s) > maxAddress {
			return fault.InvalidField(fmt.Sprintf("%s[%d]", field, n), "%q is not a mail address like anna@example.com", s)
		}
	}
	return once(field, "", list, strings.ToLower)
}
