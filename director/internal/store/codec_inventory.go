package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeAccount(s *sealer, r *record.Account) (*statev1.Account, error) {
	p := &statev1.Account{
		Id: string(r.ID), Name: r.Name, TenantId: string(r.Tenant), ClientId: r.ClientID, Cloud: int32(r.Cloud),
		Authority: r.Authority, GraphRoot: r.GraphRoot, CaPem: r.CAPEM, TransporterId: string(r.Transporter),
		Limits: &statev1.Limits{
			RequestsInFlight: r.Limits.InFlight, RequestsPerWindow: r.Limits.PerWindow, WindowSeconds: r.Limits.WindowSeconds,
			UploadBytesPerWindow: r.Limits.UploadPerWindow, UploadWindowSeconds: r.Limits.UploadWindowSeconds,
		},
		Created: stamp(r.Created), Refreshed: stamp(r.Refreshed), Mailboxes: r.Mailboxes, UsersWithoutMailbox: r.WithoutMailbox,
		CredentialExpires: stamp(r.CredentialExpires), Trouble: r.Trouble, TroubleKind: int32(r.TroubleKind), TroubleSince: stamp(r.TroubleSince),
		MissingPermissions: r.Missing,
	}
	var err error
	if !r.Credential.Empty() {
		p.SealedCredential, err = s.sealMessage(&statev1.Credential{
			ClientSecret: r.Credential.Secret, Certificate: r.Credential.Certificate,
			CertificatePassword: r.Credential.CertificatePassword,
		}, "accounts/"+p.Id)
	}
	return p, err
}

func decodeAccount(s *sealer, p *statev1.Account) (record.Account, error) {
	l := p.GetLimits()
	r := record.Account{
		ID: mail.AccountID(p.GetId()), Name: p.GetName(), Tenant: mail.TenantID(p.GetTenantId()), ClientID: p.GetClientId(),
		Cloud: record.Cloud(p.GetCloud()), Authority: p.GetAuthority(), GraphRoot: p.GetGraphRoot(), CAPEM: p.GetCaPem(),
		Transporter: record.TransporterID(p.GetTransporterId()),
		Limits: record.Limits{
			InFlight: l.GetRequestsInFlight(), PerWindow: l.GetRequestsPerWindow(), WindowSeconds: l.GetWindowSeconds(),
			UploadPerWindow: l.GetUploadBytesPerWindow(), UploadWindowSeconds: l.GetUploadWindowSeconds(),
		},
		Created: moment(p.GetCreated()), Refreshed: moment(p.GetRefreshed()), Mailboxes: p.GetMailboxes(),
		WithoutMailbox: p.GetUsersWithoutMailbox(), CredentialExpires: moment(p.GetCredentialExpires()),
		Trouble: p.GetTrouble(), TroubleKind: fault.Kind(p.GetTroubleKind()), TroubleSince: moment(p.GetTroubleSince()),
		Missing: p.GetMissingPermissions(),
	}
	if len(p.GetSealedCredential()) > 0 {
		var c statev1.Credential
		if err := s.openMessage(p.GetSealedCredential(), "accounts/"+p.GetId(), &c); err != nil {
			return record.Account{}, err
		}
		r.Credential = record.Credential{
			Secret: c.GetClientSecret(), Certificate: c.GetCertificate(), CertificatePassword: c.GetCertificatePassword(),
		}
	}
	return r, nil
}

func encodeMailbox(r *record.Mailbox) *statev1.Mailbox {
	return &statev1.Mailbox{
		AccountId: string(r.Account), Id: string(r.ID), Name: r.Name, Address: r.Address, Kind: int32(r.Kind),
		Absent: r.Absent, Gone: r.Gone, Since: stamp(r.Since),
	}
}

func decodeMailbox(p *statev1.Mailbox) record.Mailbox {
	return record.Mailbox{
		Account: mail.AccountID(p.GetAccountId()), ID: mail.MailboxID(p.GetId()), Name: p.GetName(), Address: p.GetAddress(),
		Kind: mail.MailboxKind(p.GetKind()), Absent: p.GetAbsent(), Gone: p.GetGone(), Since: moment(p.GetSince()),
	}
}

func encodeTransporter(r *record.Transporter) *statev1.Transporter {
	return &statev1.Transporter{
		Id: string(r.ID), Name: r.Name, Address: r.Address, TransferHost: r.TransferHost, MaxTasks: r.MaxTasks,
		Paired: stamp(r.Paired), Seen: stamp(r.Seen), Version: r.Version, Hostname: r.Hostname, Os: r.OS, Arch: r.Arch,
		CertificateExpires: stamp(r.CertificateExpires),
	}
}

func decodeTransporter(p *statev1.Transporter) record.Transporter {
	return record.Transporter{
		ID: record.TransporterID(p.GetId()), Name: p.GetName(), Address: p.GetAddress(), TransferHost: p.GetTransferHost(),
		MaxTasks: p.GetMaxTasks(), Paired: moment(p.GetPaired()), Seen: moment(p.GetSeen()), Version: p.GetVersion(),
		Hostname: p.GetHostname(), OS: p.GetOs(), Arch: p.GetArch(), CertificateExpires: moment(p.GetCertificateExpires()),
	}
}

func encodeRepository(s *sealer, r *record.Repository) (*statev1.Repository, error) {
	t := r.Statistics
	p := &statev1.Repository{
		Id: string(r.ID), Name: r.Name, TransporterId: string(r.Transporter), Path: r.Path, Codec: int32(r.Codec),
		Encrypted: r.Encrypted, Attached: r.Attached, Created: stamp(r.Created), Error: r.Error,
		Statistics: &statev1.RepositoryStatistics{
			Backups: t.Backups, Points: t.Points, Blobs: t.Blobs, StoredBytes: t.StoredBytes, UniqueBytes: t.UniqueBytes,
			LogicalBytes: t.LogicalBytes, IndexBytes: t.IndexBytes, FreeBytes: t.FreeBytes, TotalBytes: t.TotalBytes,
			At: stamp(t.At), Survey: encodeSurvey(t.Survey),
		},
		Schedules: encodeRepositorySchedules(&r.Schedules), Switched: stamp(r.Switched),
	}
	var err error
	if p.SealedKey, err = sealKey(s, p.Id, r.Key); err == nil {
		p.SealedNextKey, err = sealKey(s, p.Id, r.NextKey)
	}
	return p, err
}

func sealKey(s *sealer, id string, k record.RepositoryKey) ([]byte, error) {
	if k.Empty() {
		return nil, nil
	}
	return s.sealMessage(&statev1.RepositoryKey{Passphrase: k.Passphrase, KeyFile: k.KeyFile}, "repositories/"+id)
}

func openKey(s *sealer, id string, sealed []byte) (record.RepositoryKey, error) {
	var k statev1.RepositoryKey
	if len(sealed) > 0 {
		if err := s.openMessage(sealed, "repositories/"+id, &k); err != nil {
			return record.RepositoryKey{}, err
		}
	}
	return record.RepositoryKey{Passphrase: k.GetPassphrase(), KeyFile: k.GetKeyFile()}, nil
}

func decodeRepository(s *sealer, p *statev1.Repository) (record.Repository, error) {
	t := p.GetStatistics()
	r := record.Repository{
		ID: record.RepositoryID(p.GetId()), Name: p.GetName(), Transporter: record.TransporterID(p.GetTransporterId()),
		Path: p.GetPath(), Codec: record.Codec(p.GetCodec()), Encrypted: p.GetEncrypted(), Attached: p.GetAttached(),
		Created: moment(p.GetCreated()), Error: p.GetError(),
		Statistics: record.RepositoryStatistics{
			Backups: t.GetBackups(), Points: t.GetPoints(), Blobs: t.GetBlobs(), StoredBytes: t.GetStoredBytes(),
			UniqueBytes: t.GetUniqueBytes(), LogicalBytes: t.GetLogicalBytes(), IndexBytes: t.GetIndexBytes(),
			FreeBytes: t.GetFreeBytes(), TotalBytes: t.GetTotalBytes(), At: moment(t.GetAt()),
			Survey: decodeSurvey(t.GetSurvey()),
		},
		Schedules: decodeRepositorySchedules(p.GetSchedules()), Switched: moment(p.GetSwitched()),
	}
	var err error
	if r.Key, err = openKey(s, p.GetId(), p.GetSealedKey()); err == nil {
		r.NextKey, err = openKey(s, p.GetId(), p.GetSealedNextKey())
	}
	return r, err
}
