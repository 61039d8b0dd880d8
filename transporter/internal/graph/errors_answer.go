package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxErrorBody bounds how much of an error's body is read.
const maxErrorBody = 64 << 10

// readAnswerError reads what Graph sent in place of an answer.
func readAnswerError(resp *http.Response, now time.Time) *answerError {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // half a body is as good as none
	return parseAnswerError(resp.StatusCode, resp.Header, body, now)
}

// parseAnswerError reads an error body as tolerantly as can be: the casing of names, the depth of inner errors and the
// presence of a body all vary (contract 9.1). What is not JSON leaves the status to speak.
func parseAnswerError(status int, header http.Header, body []byte, now time.Time) *answerError {
	e := &answerError{status: status, requestID: header.Get("request-id"), claims: challenge(header)}
	e.retryAfter, e.hasRetry = parseRetryAfter(header.Get("Retry-After"), header.Get("Date"), now)

	var outer map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &outer) != nil {
		return e
	}
	raw := member(outer, "error")
	for depth := 0; raw != nil && depth < 10; depth++ {
		var level map[string]json.RawMessage
		if json.Unmarshal(raw, &level) != nil {
			break
		}
		code := text(member(level, "code"))
		_, known := codes[strings.ToLower(code)]
		if known || e.code == "" {
			e.code = code
		}
		if e.message == "" || known {
			if m := text(member(level, "message")); m != "" {
				e.message = m
			}
		}
		if e.requestID == "" {
			for _, name := range []string{"request-id", "requestId"} {
				if id := text(member(level, name)); id != "" {
					e.requestID = id
				}
			}
		}
		raw = member(level, "innererror")
	}
	e.code, e.message, e.requestID = clip(oneLine(e.code)), clip(oneLine(e.message)), clip(oneLine(e.requestID))
	return e
}

// member finds a member whatever its casing.
func member(m map[string]json.RawMessage, name string) json.RawMessage {
	if raw, ok := m[name]; ok {
		return raw
	}
	for k, raw := range m {
		if strings.EqualFold(k, name) {
			return raw
		}
	}
	return nil
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
