package record

import (
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Cloud is a Microsoft cloud. Numbers are stored.
type Cloud int32

// The clouds.
const (
	CloudGlobal  Cloud = 1
	CloudUSGovL4 Cloud = 2
	CloudUSGovL5 Cloud = 3
	CloudChina   Cloud = 4
	CloudCustom  Cloud = 5
)

// Account is one Microsoft 365 tenant of the inventory.
type Account struct {
	ID       mail.AccountID
	Name     string
	Tenant   mail.TenantID
	ClientID string
	Cloud    Cloud
	// Authority, GraphRoot and CAPEM are for CloudCustom.
	Authority string
	GraphRoot string
	CAPEM     []byte
	// Transporter signs in for checks and lists; empty takes any.
	Transporter TransporterID
	Limits      Limits
	Credential  Credential
	Created     time.Time
	// Refreshed is when the mailboxes were last read; zero means never.
	Refreshed      time.Time
	Mailboxes      int64
	WithoutMailbox int64
	// CredentialExpires is zero when nobody said.
	CredentialExpires time.Time
	// Trouble is why the last test or refresh failed; empty when it did not. TroubleSince is when it began to.
	Trouble      string
	TroubleKind  fault.Kind
	TroubleSince time.Time
	// Missing are the names of permissions that the last test did not find, without which a part does not work.
	Missing []string
}

// Limits of Microsoft per app and mailbox; zero means the documented number.
type Limits struct {
	InFlight            int32
	PerWindow           int32
	WindowSeconds       int32
	UploadPerWindow     int64
	UploadWindowSeconds int32
}

// Credential is the secret of an account: a client secret, or a certificate. It prints as a placeholder.
type Credential struct {
	Secret              string
	Certificate         []byte
	CertificatePassword string
}

// Empty reports whether there is none.
func (c Credential) Empty() bool { return c.Secret == "" && len(c.Certificate) == 0 }

// Kind returns "secret" or "certificate"; empty when there is none.
func (c Credential) Kind() string {
	switch {
	case len(c.Certificate) > 0:
		return "certificate"
	case c.Secret != "":
		return "secret"
	}
	return ""
}

// String hides the secret.
func (c Credential) String() string { return "[" + c.Kind() + "]" }

// GoString hides the secret.
func (c Credential) GoString() string { return c.String() }

// Mailbox is a mailbox of an account as of the last refresh.
type Mailbox struct {
	Account mail.AccountID
	ID      mail.MailboxID
	Name    string
	Address string
	Kind    mail.MailboxKind
	// Absent is why the user has no mailbox that can be read; empty when it has one.
	Absent string
	// Gone is set when the last refresh did not find it any more.
	Gone bool
	// Since is when a refresh first found it as it is.
	Since time.Time
}

// Permission is what an account's application may do, and what does not work without it.
type Permission struct {
	Name     string
	Granted  bool
	Cost     string
	Required bool
}
