package api

import (
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func validateInventory(m any) error {
	switch q := m.(type) {
	case *directorv1.AddAccountRequest:
		return first(account(q.GetAccount()), credential(q.GetCredential(), true))
	case *directorv1.UpdateAccountRequest:
		return first(id("account.id", q.GetAccount().GetId()), account(q.GetAccount()), credential(q.GetCredential(), false))
	case *directorv1.TestAccountRequest:
		if q.GetAccountId() != "" {
			return first(id("account_id", q.GetAccountId()), credential(q.GetCredential(), false))
		}
		return first(account(q.GetAccount()), credential(q.GetCredential(), true))
	case *directorv1.RefreshAccountRequest:
		return id("account_id", q.GetAccountId())
	case *directorv1.RemoveAccountRequest:
		return id("account_id", q.GetAccountId())
	case *directorv1.ListMailboxesRequest:
		return listMailboxes(q)
	case *directorv1.PairTransporterRequest:
		return first(line("name", q.GetName(), maxName), line("address", q.GetAddress(), maxName),
			line("pairing_code", q.GetPairingCode(), maxPath), host("transfer_host", q.GetTransferHost()))
	case *directorv1.TestTransporterRequest:
		return first(id("transporter_id", q.GetTransporterId()), ids("other_ids", q.GetOtherIds()))
	case *directorv1.RefreshTransporterRequest:
		return id("transporter_id", q.GetTransporterId())
	case *directorv1.UpdateTransporterRequest:
		t := q.GetTransporter()
		return first(id("transporter.id", t.GetId()), name("transporter.name", t.GetName()),
			line("transporter.address", t.GetAddress(), maxName), host("transporter.transfer_host", t.GetTransferHost()),
			between("transporter.max_tasks", t.GetMaxTasks(), 0, maxTasks))
	case *directorv1.RemoveTransporterRequest:
		return id("transporter_id", q.GetTransporterId())
	default:
		return validateRepository(m)
	}
}

func account(a *directorv1.Account) error {
	if a == nil {
		return bad("account", "is missing")
	}
	err := first(
		name("account.name", a.GetName()),
		moment("account.credential_expires", a.GetCredentialExpires()),
		name("account.tenant_id", a.GetTenantId()),
		name("account.client_id", a.GetClientId()),
		maybeID("account.transporter_id", a.GetTransporterId()),
		limits(a.GetLimits()),
	)
	if err != nil {
		return err
	}
	if _, ok := directorv1.Cloud_name[int32(a.GetCloud())]; !ok || a.GetCloud() == directorv1.Cloud_CLOUD_UNSPECIFIED {
		return bad("account.cloud", "is missing: choose the Microsoft cloud that the tenant is in")
	}
	if a.GetCloud() == directorv1.Cloud_CLOUD_CUSTOM {
		return first(httpsURL("account.authority", a.GetAuthority()), httpsURL("account.graph_root", a.GetGraphRoot()),
			certificates("account.ca_pem", a.GetCaPem()))
	}
	for _, only := range []struct {
		field string
		set   bool
	}{
		{"account.authority", a.GetAuthority() != ""},
		{"account.graph_root", a.GetGraphRoot() != ""},
		{"account.ca_pem", len(a.GetCaPem()) > 0},
	} {
		if only.set {
			return bad(only.field, "is for a custom cloud only")
		}
	}
	return nil
}

func limits(l *directorv1.Limits) error {
	return first(
		between("account.limits.requests_in_flight", l.GetRequestsInFlight(), 0, 64),
		between("account.limits.requests_per_window", l.GetRequestsPerWindow(), 0, 10_000_000),
		between("account.limits.window_seconds", l.GetWindowSeconds(), 0, 86_400),
		between("account.limits.upload_bytes_per_window", l.GetUploadBytesPerWindow(), 0, 1<<50),
		between("account.limits.upload_window_seconds", l.GetUploadWindowSeconds(), 0, 86_400),
	)
}

func credential(c *directorv1.Credential, required bool) error {
	hasSecret, hasCertificate := c.GetClientSecret() != "", len(c.GetCertificate()) > 0
	switch {
	case hasSecret && hasCertificate:
		return fault.InvalidField("credential", "give a client secret or a certificate, not both")
	case required && !hasSecret && !hasCertificate:
		return bad("credential", "is missing: give a client secret or a certificate")
	case len(c.GetCertificate()) > maxPEM:
		return bad("credential.certificate", "is larger than %d bytes", maxPEM)
	}
	return first(secret("credential.client_secret", c.GetClientSecret(), false),
		secret("credential.certificate_password", c.GetCertificatePassword(), false))
}

// host is a name or an address without a port.
func host(field, s string) error {
	for _, r := range s {
		if r <= ' ' || r == '/' || r == '@' || r == '[' || r == ']' {
			return fault.InvalidField(field, "%q is not a host name or address", s)
		}
	}
	return line(field, s, maxName)
}

func validateRepository(m any) error {
	switch q := m.(type) {
	case *directorv1.CreateRepositoryRequest:
		return first(name("name", q.GetName()), id("transporter_id", q.GetTransporterId()),
			absolutePath("path", q.GetPath(), true), codec(q.GetCodec()), key(q.GetKey()))
	case *directorv1.GetRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.AttachRepositoryRequest:
		if q.GetRepositoryId() != "" {
			return first(id("repository_id", q.GetRepositoryId()), maybeKey(q.GetKey()))
		}
		return first(line("name", q.GetName(), maxName), id("transporter_id", q.GetTransporterId()),
			absolutePath("path", q.GetPath(), true), maybeKey(q.GetKey()))
	case *directorv1.DetachRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.RemoveRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.VerifyRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.ListPointsRequest:
		return first(maybeID("repository_id", q.GetRepositoryId()), maybeID("account_id", q.GetAccountId()),
			maybeID("mailbox_id", q.GetMailboxId()), maybeID("job_id", q.GetJobId()), between("limit", q.GetLimit(), 0, maxListed),
			between("offset", q.GetOffset(), 0, maxPlace))
	case *directorv1.ListFoldersRequest:
		return first(id("repository_id", q.GetRepositoryId()), id("point_id", q.GetPointId()))
	case *directorv1.GetMessageRequest:
		return first(id("repository_id", q.GetRepositoryId()), id("point_id", q.GetPointId()), id("folder_id", q.GetFolderId()),
			id("message_id", q.GetMessageId()))
	case *directorv1.ListMessagesRequest:
		return first(id("repository_id", q.GetRepositoryId()), id("point_id", q.GetPointId()), id("folder_id", q.GetFolderId()),
			between("offset", q.GetOffset(), 0, maxPlace), between("limit", q.GetLimit(), 0, maxPageSize), messageOrder(q.GetOrder()),
			line("filter", q.GetFilter(), maxName))
	case *directorv1.ListBackupJobsRequest, *directorv1.DiffPointsRequest, *directorv1.GetMessageHistoryRequest:
		return validateBrowse(m)
	default:
		return validateUpkeep(m)
	}
}

func codec(c directorv1.Codec) error {
	if _, ok := directorv1.Codec_name[int32(c)]; !ok {
		return bad("codec", "is none that there is")
	}
	return nil
}

// key is how a repository is to be encrypted; absent means not at all.
func key(k *directorv1.RepositoryKey) error {
	if k != nil && k.GetPassphrase() == "" && k.GetKeyFile() == "" {
		return fault.InvalidField("key", "give a passphrase or a key file, or leave the key out")
	}
	return maybeKey(k)
}

func maybeKey(k *directorv1.RepositoryKey) error {
	if k.GetPassphrase() != "" && k.GetKeyFile() != "" {
		return fault.InvalidField("key", "give a passphrase or a key file, not both")
	}
	return first(secret("key.passphrase", k.GetPassphrase(), false), absolutePath("key.key_file", k.GetKeyFile(), false))
}
