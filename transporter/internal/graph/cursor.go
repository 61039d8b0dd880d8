package graph

import (
	"encoding/base64"
	"encoding/json"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// cursor is what a mail.Cursor holds: where to go on in a folder. The empty mail.Cursor is the zero cursor.
type cursor struct {
	// Link is Graph's nextLink or deltaLink, used as it is.
	Link string `json:"link,omitempty"`
	// Full is set inside a full enumeration.
	Full bool `json:"full,omitempty"`
	// List is set while the folder is read by listing, because its delta is not to be had.
	List bool `json:"list,omitempty"`
	// After is the received time from which a listing goes on where it has no Link.
	After string `json:"after,omitempty"`
	// Since is from when on a listing looks for changes; empty when the folder was never listed to its end.
	Since string `json:"since,omitempty"`
	// Light is set while ids and change keys alone are listed, behind what was modified since.
	Light bool `json:"light,omitempty"`
	// Newest is the latest change that the listing under way has met.
	Newest string `json:"newest,omitempty"`
	// Plain is set when Graph did not take internetMessageHeaders in the delta that the link belongs to.
	Plain bool `json:"plain,omitempty"`
}

// cursorVersion begins every cursor. It changes when older cursors can no longer be read; they then lead to a resync.
const cursorVersion = "1."

const maxCursor = 64 << 10

func (k cursor) encode() (mail.Cursor, error) {
	b, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	return mail.Cursor(cursorVersion + base64.RawURLEncoding.EncodeToString(b)), nil
}

// decodeCursor reads a cursor. Its link leads to this client's root or it is no cursor of ours.
func (c *Client) decodeCursor(s mail.Cursor) (cursor, error) {
	var k cursor
	if s == "" {
		return k, nil
	}
	bad := fault.New(fault.Conflict, "the cursor of a folder is not one of this account and version: %w", ErrResync)
	if len(s) > maxCursor || len(s) < len(cursorVersion) || s[:len(cursorVersion)] != cursorVersion {
		return k, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(string(s[len(cursorVersion):]))
	if err != nil || json.Unmarshal(b, &k) != nil {
		return cursor{}, bad
	}
	if k.Link != "" {
		if _, err := c.follow(k.Link); err != nil {
			return cursor{}, bad
		}
	}
	return k, nil
}
