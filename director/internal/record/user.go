package record

import "time"

// Role is what a user may do. Numbers are stored; a greater one may do all that a smaller one may.
type Role int32

// The roles.
const (
	RoleAuditor       Role = 1
	RoleOperator      Role = 2
	RoleAdministrator Role = 3
)

// User may sign in.
type User struct {
	Name string
	// PasswordHash is argon2id in the PHC string format.
	PasswordHash string
	Role         Role
	// ChangeRequired is set while the password is a one-time one.
	ChangeRequired bool
	Created        time.Time
	PasswordSet    time.Time
	// Disabled: they may not sign in, and their tokens do not admit.
	Disabled bool
	// LastSignIn is zero before the first.
	LastSignIn time.Time
}

// TokenKind tells what a token is for. Numbers are stored.
type TokenKind int32

// The kinds of token.
const (
	TokenSession TokenKind = 1
	TokenAPI     TokenKind = 2
	// TokenLocal is the one in the data folder, for the operator CLI of the same machine.
	TokenLocal TokenKind = 3
)

// Token admits its bearer. Only the hash of its secret is kept.
type Token struct {
	// Hash is the SHA-256 of the secret, in hex.
	Hash string
	Kind TokenKind
	Name string
	User string
	// Role is, of an API token, the most that it may do; it may never do more than its user.
	Role    Role
	Created time.Time
	// Expires is zero when it never does.
	Expires time.Time
	// ChangeRequired is set when it was got with a one-time password: it may then only set another.
	ChangeRequired bool
	// Remote is the host that signed in, or that used the token last.
	Remote string
	// Agent is what the client that signed in calls itself.
	Agent string
	// LastUsed is exact to some minutes; zero before the first use.
	LastUsed time.Time
	// Browser is set for a session that came as a cookie.
	Browser bool
}

// ID names the token without giving anything of it away.
func (t *Token) ID() string { return t.Hash[:min(len(t.Hash), TokenIDLength)] }

// TokenIDLength is how much of a token's hash names it, in hex digits: 64 bits, so that no two share one.
const TokenIDLength = 16

// Identity is the installation's certificate authority and the Director's own certificate. There is one.
type Identity struct {
	Installation         string
	AuthorityCertificate []byte // DER
	AuthorityKey         []byte // PEM
	DirectorCertificate  []byte // DER
	DirectorKey          []byte // PEM
}
