package graph

import (
	"net/http"

	"holdfast/pkg/fault"
)

// meaning is what an error code of Graph comes to.
type meaning struct {
	kind      fault.Kind
	throttle  bool // wait as told, then try again
	again     bool // may pass: try again a few times
	resync    bool // the delta cursor is lost
	noMailbox bool
}

// codes are those that mean something other than their HTTP status does, in lower case: Graph's casing varies. The
// contract's sections are 1.8, 2.2, 4.6, 4.7, 5.2, 9.2 and 10.2.
var codes = map[string]meaning{
	"applicationthrottled":      {kind: fault.Throttled, throttle: true},
	"toomanyrequests":           {kind: fault.Throttled, throttle: true},
	"activitylimitreached":      {kind: fault.Throttled, throttle: true},
	"errorserverbusy":           {kind: fault.Throttled, throttle: true},
	"errortoomanyobjectsopened": {kind: fault.Throttled, throttle: true},

	"syncstatenotfound":         {kind: fault.Conflict, resync: true},
	"errorsyncstatenotfound":    {kind: fault.Conflict, resync: true},
	"syncstateinvalid":          {kind: fault.Conflict, resync: true},
	"errorinvalidsyncstatedata": {kind: fault.Conflict, resync: true},
	"resyncrequired":            {kind: fault.Conflict, resync: true},

	"mailboxnotenabledforrestapi":   {kind: fault.NotFound, noMailbox: true},
	"mailboxnotsupportedforrestapi": {kind: fault.NotFound, noMailbox: true},
	"resourcenotfound":              {kind: fault.NotFound, noMailbox: true},
	"request_resourcenotfound":      {kind: fault.NotFound, noMailbox: true},
	"errorinvaliduser":              {kind: fault.NotFound, noMailbox: true},
	"errornonexistentmailbox":       {kind: fault.NotFound, noMailbox: true},
	"errormailboxnotfound":          {kind: fault.NotFound, noMailbox: true},

	"erroritemnotfound":         {kind: fault.NotFound},
	"errorsyncfoldernotfound":   {kind: fault.NotFound},
	"errorparentfoldernotfound": {kind: fault.NotFound},
	"errorfolderexists":         {kind: fault.Conflict},
	"errorirresolvableconflict": {kind: fault.Conflict},

	"errorquotaexceeded":       {kind: fault.Exhausted},
	"errormessagesizeexceeded": {kind: fault.Exhausted},

	"erroraccessdenied":           {kind: fault.Denied},
	"authorization_requestdenied": {kind: fault.Denied},
	"invalidauthenticationtoken":  {kind: fault.Unauthorized},

	"errorcorruptdata":                  {kind: fault.Corrupt},
	"errorcannotopenfileattachment":     {kind: fault.Corrupt},
	"errormimecontentconversionfailed":  {kind: fault.Corrupt},
	"errorinvalidrecipients":            {kind: fault.Invalid},
	"erroriteminvalidrecipients":        {kind: fault.Invalid},
	"unabletodeserializepostbody":       {kind: fault.Invalid},
	"errormailboxstoreunavailable":      {kind: fault.Unavailable, again: true},
	"mailboxstoreunavailable":           {kind: fault.Unavailable, again: true},
	"errorinternalservertransienterror": {kind: fault.Unavailable, again: true},
}

func kindOfStatus(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized:
		return fault.Unauthorized
	case http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict, http.StatusGone, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
		return fault.Exhausted
	case http.StatusTooManyRequests, 509:
		return fault.Throttled
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fault.Timeout
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fault.Unsupported
	}
	switch {
	case status == http.StatusLocked || status >= 500:
		return fault.Unavailable
	case status >= 400:
		return fault.Invalid
	}
	return fault.Unknown
}
