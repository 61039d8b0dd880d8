package api

import (
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of what a request may hold.
const (
	maxName     = 200
	maxID       = 1024
	maxPath     = 4096
	maxSecret   = 4096
	maxPEM      = 64 << 10
	maxItems    = 100_000
	maxPageSize = 1000
	maxTasks    = 1000
)

// validate checks a request as far as it can be without looking at anything else. The fault names the field at fault, the
// same for every client. A request without a case is refused: a test finds it first.
func validate(m any) error {
	switch m.(type) {
	case *directorv1.GetVersionRequest, *directorv1.SignOutRequest, *directorv1.ListAccountsRequest,
		*directorv1.ListTransportersRequest, *directorv1.ListRepositoriesRequest, *directorv1.ListJobsRequest:
		return nil
	case *directorv1.SignInRequest, *directorv1.SetPasswordRequest, *directorv1.CreateTokenRequest, *directorv1.WhoAmIRequest,
		*directorv1.ListUsersRequest, *directorv1.CreateUserRequest, *directorv1.UpdateUserRequest,
		*directorv1.ResetUserPasswordRequest, *directorv1.DeleteUserRequest, *directorv1.ListSessionsRequest,
		*directorv1.RevokeSessionRequest, *directorv1.SignOutEverywhereRequest, *directorv1.ListTokensRequest,
		*directorv1.RevokeTokenRequest, *directorv1.ListAuditRequest:
		return validateAuth(m)
	case *directorv1.SearchRequest, *directorv1.GetSearchIndexRequest, *directorv1.ListSearchIndexesRequest, *directorv1.RebuildSearchIndexRequest:
		return validateSearch(m)
	case *directorv1.GetOverviewRequest, *directorv1.ListTroubledMailboxesRequest, *directorv1.ListDaysRequest,
		*directorv1.ListGrowthRequest, *directorv1.ListCalendarRequest, *directorv1.ListCertificatesRequest:
		return validateOverview(m)
	default:
		return validateInventory(m)
	}
}

// bad returns the fault of a field; the sentence goes on after its name.
func bad(field, format string, args ...any) error {
	label := field[strings.LastIndexByte(field, '.')+1:]
	label, _, _ = strings.Cut(label, "[")
	return fault.InvalidField(field, "the "+strings.ReplaceAll(label, "_", " ")+" "+format, args...)
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// name is what people call something: one line, not empty, not padded.
func name(field, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return bad(field, "is missing")
	case s != strings.TrimSpace(s):
		return bad(field, "begins or ends with a space")
	}
	return line(field, s, maxName)
}

// line is text without control characters, and may be empty.
func line(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return bad(field, "is longer than %d characters", most)
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return bad(field, "holds a control character")
	}
	return nil
}

// id names something that must be there.
func id(field, s string) error {
	if s == "" {
		return bad(field, "is missing")
	}
	return line(field, s, maxID)
}

// maybeID is an id that may be absent.
func maybeID(field, s string) error { return line(field, s, maxID) }

func ids(field string, list []string) error {
	if err := count(field, len(list)); err != nil {
		return err
	}
	for n, s := range list {
		if err := id(fmt.Sprintf("%s[%d]", field, n), s); err != nil {
			return err
		}
	}
	return nil
}

func count(field string, n int) error {
	if n > maxItems {
		return bad(field, "has more than %d entries", maxItems)
	}
	return nil
}

func secret(field, s string, required bool) error {
	switch {
	case required && s == "":
		return bad(field, "is missing")
	case len(s) > maxSecret:
		return bad(field, "is longer than %d bytes", maxSecret)
	}
	return nil
}

func between[T int32 | int64](field string, n, least, most T) error {
	if n < least || n > most {
		return bad(field, "is %d, but must be from %d to %d", n, least, most)
	}
	return nil
}

// absolutePath is a path on a Transporter, of whatever system.
func absolutePath(field, s string, required bool) error {
	if s == "" {
		if required {
			return bad(field, "is missing")
		}
		return nil
	}
	if err := line(field, s, maxPath); err != nil {
		return err
	}
	windows := len(s) >= 3 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
	if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, `\\`) && !windows {
		return fault.InvalidField(field, "%q is not a whole path; write one that begins with / or, on Windows, with a drive", s)
	}
	return nil
}

// httpsURL is an address without a path's leftovers.
func httpsURL(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fault.InvalidField(field, "%q is not an address of the form https://host[:port]", s)
	}
	return nil
}

func certificates(field string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if block, _ := pem.Decode(b); len(b) > maxPEM || block == nil || block.Type != "CERTIFICATE" {
		return bad(field, "holds no certificate in PEM form")
	}
	return nil
}
