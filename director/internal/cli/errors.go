package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
)

// usageError is a command line that cannot be right.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// unreachable is a Director that does not answer, or that is not trusted.
type unreachable struct {
	text  string
	cause error
}

func (e *unreachable) Error() string { return e.text }
func (e *unreachable) Unwrap() error { return e.cause }

// notSignedIn is a call that needs a session when there is none.
type notSignedIn struct{ text string }

func (e notSignedIn) Error() string { return e.text }

// interrupted is a Ctrl-C while something was watched; text says what goes on without us.
type interrupted struct{ text string }

func (e interrupted) Error() string { return e.text }

// report prints err for a person, in one sentence with its remedy, and returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	var o outcome
	if errors.As(err, &o) {
		return o.code
	}
	text, code := a.explain(cmd, err)
	fmt.Fprintln(a.Stderr, clean(text))
	return code
}

func (a *app) explain(cmd *cobra.Command, err error) (string, int) {
	var (
		usage usageError
		gone  *unreachable
		anon  notSignedIn
		stop  interrupted
		f     *fault.Fault
	)
	switch {
	case errors.As(err, &stop):
		return stop.text, exitInterrupted
	case errors.As(err, &usage):
		return "holdfast: " + usage.text + usageHint(cmd), exitUsage
	case errors.As(err, &anon):
		return "holdfast: " + anon.text, exitNotSignedIn
	case errors.As(err, &gone):
		return "holdfast: " + gone.text, exitUnreachable
	case errors.As(err, &f):
		return "holdfast: " + a.faultSentence(cmd, err, f), faultCode(f)
	case errors.Is(err, context.Canceled):
		return "holdfast: interrupted", exitInterrupted
	}
	return "holdfast: " + err.Error(), exitFailed
}

func usageHint(cmd *cobra.Command) string {
	if cmd == nil {
		return ""
	}
	return "\nSee: " + cmd.CommandPath() + " --help"
}

func faultCode(f *fault.Fault) int {
	switch f.Kind {
	case fault.Invalid:
		return exitUsage
	case fault.Canceled:
		return exitInterrupted
	default:
		return exitFailed
	}
}

// faultSentence is what the Director said, with the flag that is at fault in front and the remedy behind it.
func (a *app) faultSentence(cmd *cobra.Command, err error, f *fault.Fault) string {
	var b strings.Builder
	if flag := flagOf(cmd, f.Field); flag != "" {
		b.WriteString(flag + ": ")
	}
	b.WriteString(strings.TrimRight(err.Error(), ". "))
	b.WriteString(".")
	if r := remedy(f); r != "" {
		b.WriteString(" " + r)
	}
	if f.RequestID != "" {
		b.WriteString(" (request-id " + f.RequestID + ")")
	}
	return b.String()
}

func remedy(f *fault.Fault) string {
	switch f.Kind {
	case fault.Throttled:
		if f.RetryAfter > 0 {
			return "Try again in " + duration(f.RetryAfter) + "."
		}
		return "Try again in a moment."
	case fault.Unavailable, fault.Timeout:
		return "Trying again later may help."
	case fault.Unknown:
		return "The Director's log says more."
	default:
		return ""
	}
}

// mapFields tells which flag or argument stands for which field of the request, in pairs, so that the Director's
// field-named errors can be told in the words of the command line.
func mapFields(cmd *cobra.Command, pairs ...string) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		cmd.Annotations["field:"+pairs[i]] = pairs[i+1]
	}
}

// flagOf returns the flag for a field: by its whole name, or that of the field it lies in ("job.source.items[3].mailbox_id"
// is of job.source.items), or else by the last part of it.
func flagOf(cmd *cobra.Command, field string) string {
	if cmd == nil || field == "" {
		return ""
	}
	plain := indices.ReplaceAllString(field, "")
	for name := plain; name != ""; name = name[:max(0, strings.LastIndexByte(name, '.'))] {
		if flag, ok := cmd.Annotations["field:"+name]; ok {
			return flag
		}
	}
	var found []string
	for key, flag := range cmd.Annotations {
		name, ok := strings.CutPrefix(key, "field:")
		if ok && lastPart(name) == lastPart(plain) {
			found = append(found, flag)
		}
	}
	if len(found) == 0 {
		return field
	}
	return slices.Min(found)
}

var indices = regexp.MustCompile(`\[\d+\]`)

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
