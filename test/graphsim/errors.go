package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// apiError is an error that Graph answers: a status, a code and the text that operators read (contract 9.1).
type apiError struct {
	status  int
	code    string
	message string
	header  http.Header
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *apiError {
	return fail(400, "BadRequest", format, args...)
}

// invalidQuery is what a query option that cannot be read gets.
func invalidQuery(err error) *apiError { return fail(400, "BadRequest", "%s", err.Error()) }

func itemNotFound() *apiError {
	return fail(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

func malformedID() *apiError { return fail(400, "ErrorInvalidIdMalformed", "Id is malformed.") }

func notSupported() *apiError {
	return fail(405, "ErrorInvalidRequest", "The OData request is not supported.")
}

func undeserializable() *apiError {
	return fail(400, "UnableToDeserializePostBody", "were unable to deserialize ")
}

// defaultCodes and texts of injected errors (contract 9.2).
func faultError(status int, code, message string) *apiError {
	known := map[int][2]string{
		401: {"InvalidAuthenticationToken", "Access token has expired or is not yet valid."},
		403: {"ErrorAccessDenied", "Access is denied. Check credentials and try again."},
		404: {"ErrorItemNotFound", "The specified object was not found in the store."},
		410: {"SyncStateNotFound", "The sync state generation is not found; generation=149;[highest=157][157][155][156]."},
		429: {"TooManyRequests", "Please retry again later."},
		500: {"ErrorInternalServerError", "An internal server error occurred. The operation failed."},
		502: {"BadGateway", "The gateway could not reach the server."},
		503: {"ServiceUnavailable", "The service is unavailable."},
		504: {"UnknownError", ""},
	}[status]
	if code == "" {
		code, message = known[0], known[1]
	}
	if code == "" {
		code = http.StatusText(status)
	}
	return fail(status, code, "%s", message)
}

func (c *call) writeError(e *apiError) {
	inner := map[string]any{
		"date":              c.s.tenant.Now().Format("2006-01-02T15:04:05"),
		"request-id":        c.id,
		"client-request-id": c.clientID(),
	}
	body := map[string]any{"code": e.code, "message": e.message}
	if e.code == "TooManyRequests" {
		inner["code"], inner["status"], inner["message"] = "429", "429", "Please retry after"
	}
	if c.set.OddErrors {
		inner["requestId"] = inner["request-id"]
		delete(inner, "request-id")
		body["target"], body["details"] = "item", []map[string]string{{"code": e.code, "message": e.message, "target": "item"}}
	}
	if c.set.NestedErrors {
		inner["code"], body["code"] = e.code, "generalException"
	}
	name := "innerError"
	if c.set.LowerInnerError {
		name = "innererror"
	}
	body[name] = inner
	for k, v := range e.header {
		c.w.Header()[k] = v
	}
	p, err := json.Marshal(map[string]any{"error": body})
	if err != nil {
		p = nil // strings only: cannot happen
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(e.status)
	_, _ = c.w.Write(p)
}

// withHeader adds a response header.
func (e *apiError) withHeader(name, value string) *apiError {
	if e.header == nil {
		e.header = http.Header{}
	}
	e.header.Set(name, value)
	return e
}

func expiredAccess() *apiError {
	return unauthorized("Lifetime validation failed, the token is expired.")
}

// unauthorized is a 401 with the challenge that the service sends (contract 1.8).
func unauthorized(message string) *apiError {
	return fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", message).withHeader("WWW-Authenticate",
		`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
}

const timeLayout = time.RFC3339
