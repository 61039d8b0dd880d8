// Package transfer carries a backup.Vault from one Transporter to another. The server lends one session of a repository to
// one peer; the client is that session on the peer's side, a backup.Vault like any other. It knows gRPC and nothing of
// ports, certificates (package ferry and pkg/rpc have them) or of how a repository stores.
//
//	source                                   target
//	backup.Run ─▶ Client ── one connection ──▶ Server ─▶ backup.Vault (a repository's session)
//	              Begin  ═══ open as long as the session ═══▶  its end closes the session
//	              Put    ─── one stream from commit to commit ─▶
//	              Have, Lookup, Commit, Pending, Seal ─────────▶
//
// Invariants:
//
//   - A transfer serves one session of one peer that shows the token. When the peer is gone, gives up or seals, the session
//     is closed and the token void; a task that is started again gets a new transfer.
//   - Put is answered by silence: pieces flow as fast as the peer takes them, and what went wrong with one is told by a
//     later call, at the latest by Commit. What is on its way is bounded by HTTP/2's flow control.
//   - Whatever comes from the wire is checked against limits before it is used, by both sides (package comment of record.go).
package transfer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"holdfast/pkg/fault"
)

// tokenKey is the metadata key of the token.
const tokenKey = "holdfast-transfer-token"

// Limits of what one message or call may hold. Both sides keep them.
const (
	maxHashes    = 4096     // of a Have
	maxLookup    = 4096     // ids of a Lookup
	maxPending   = 10_000   // of a Pending
	maxRecords   = 20_000   // of a checkpoint
	maxIDs       = 1 << 20  // gone or deleted, of a checkpoint
	maxLosses    = 1 << 20  // of a checkpoint, a summary or a state
	maxFolders   = 1 << 20  // of a summary or a state
	maxAssembled = 64 << 20 // encoded bytes of a call in parts

	// partBytes is about how large a part is, encoded. One record may make it larger, up to rpc.MaxMessage.
	partBytes = 1 << 20
)

// encodeToken returns the token as it travels.
func encodeToken(token []byte) string { return base64.RawURLEncoding.EncodeToString(token) }

// sameToken compares in constant time, whatever the lengths.
func sameToken(got string, want []byte) bool {
	decoded, err := base64.RawURLEncoding.DecodeString(got)
	a, b := sha256.Sum256(decoded), sha256.Sum256(want)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && err == nil && len(want) > 0
}

func tooMany(what string, n, limit int) error {
	return fault.New(fault.Invalid, "%d %s; %d are the limit", n, what, limit)
}
