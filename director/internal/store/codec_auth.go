package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeIdentity(s *sealer, r *record.Identity) (*statev1.Identity, error) {
	place := "identity/" + r.Installation
	authority, err := s.seal(r.AuthorityKey, place)
	if err != nil {
		return nil, err
	}
	director, err := s.seal(r.DirectorKey, place)
	if err != nil {
		return nil, err
	}
	return &statev1.Identity{
		Installation: r.Installation, AuthorityCertificate: r.AuthorityCertificate, SealedAuthorityKey: authority,
		DirectorCertificate: r.DirectorCertificate, SealedDirectorKey: director,
	}, nil
}

func decodeIdentity(s *sealer, p *statev1.Identity) (record.Identity, error) {
	place := "identity/" + p.GetInstallation()
	authority, err := s.open(p.GetSealedAuthorityKey(), place)
	if err != nil {
		return record.Identity{}, err
	}
	director, err := s.open(p.GetSealedDirectorKey(), place)
	if err != nil {
		return record.Identity{}, err
	}
	return record.Identity{
		Installation: p.GetInstallation(), AuthorityCertificate: p.GetAuthorityCertificate(), AuthorityKey: authority,
		DirectorCertificate: p.GetDirectorCertificate(), DirectorKey: director,
	}, nil
}

func encodeUser(r *record.User) *statev1.User {
	return &statev1.User{
		Name: r.Name, PasswordHash: r.PasswordHash, Role: int32(r.Role), ChangeRequired: r.ChangeRequired,
		Created: stamp(r.Created), PasswordSet: stamp(r.PasswordSet), Disabled: r.Disabled, LastSignIn: stamp(r.LastSignIn),
	}
}

func decodeUser(p *statev1.User) record.User {
	return record.User{
		Name: p.GetName(), PasswordHash: p.GetPasswordHash(), Role: record.Role(p.GetRole()),
		ChangeRequired: p.GetChangeRequired(), Created: moment(p.GetCreated()), PasswordSet: moment(p.GetPasswordSet()),
		Disabled: p.GetDisabled(), LastSignIn: moment(p.GetLastSignIn()),
	}
}

func encodeToken(r *record.Token) *statev1.Token {
	return &statev1.Token{
		Hash: r.Hash, Kind: int32(r.Kind), Name: r.Name, User: r.User, Created: stamp(r.Created), Expires: stamp(r.Expires),
		ChangeRequired: r.ChangeRequired, Role: int32(r.Role), Remote: r.Remote, Agent: r.Agent, LastUsed: stamp(r.LastUsed),
		Browser: r.Browser,
	}
}

func decodeToken(p *statev1.Token) record.Token {
	return record.Token{
		Hash: p.GetHash(), Kind: record.TokenKind(p.GetKind()), Name: p.GetName(), User: p.GetUser(),
		Created: moment(p.GetCreated()), Expires: moment(p.GetExpires()), ChangeRequired: p.GetChangeRequired(),
		Role: record.Role(p.GetRole()), Remote: p.GetRemote(), Agent: p.GetAgent(), LastUsed: moment(p.GetLastUsed()),
		Browser: p.GetBrowser(),
	}
}
