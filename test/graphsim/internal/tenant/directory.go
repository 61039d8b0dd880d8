package tenant

import (
	"cmp"
	"slices"
)

// UserProps is a set of directory properties.
type UserProps uint16

// The directory properties that can change.
const (
	UserDisplayName UserProps = 1 << iota
	UserPrincipal
	UserMail
	UserGivenName
	UserSurname
	UserJobTitle
	UserEnabled
	UserTypeOf
	UserProxies
	UserLanguage
	UserGone

	UserAll UserProps = 1<<iota - 1
)

// UserChange is one entry of the directory's log.
type UserChange struct {
	Seq     uint64
	ID      string
	Changed UserProps
}

func (s *State) noteUser(old, u *User) {
	changed := UserAll
	if old != nil {
		changed = 0
		for _, d := range []struct {
			differs bool
			bit     UserProps
		}{
			{old.DisplayName != u.DisplayName, UserDisplayName},
			{old.UserPrincipalName != u.UserPrincipalName, UserPrincipal},
			{old.Mail != u.Mail, UserMail},
			{old.GivenName != u.GivenName, UserGivenName},
			{old.Surname != u.Surname, UserSurname},
			{old.JobTitle != u.JobTitle, UserJobTitle},
			{old.AccountEnabled != u.AccountEnabled, UserEnabled},
			{old.UserType != u.UserType, UserTypeOf},
			{!slices.Equal(old.ProxyAddresses, u.ProxyAddresses), UserProxies},
			{old.Language != u.Language, UserLanguage},
			{old.Deleted != u.Deleted || old.Purged != u.Purged, UserGone},
		} {
			if d.differs {
				changed |= d.bit
			}
		}
	}
	if changed != 0 {
		s.directory = append(s.directory, UserChange{s.Seq, u.ID, changed})
	}
}

// Directory is the log of users after an event, oldest first.
func (s *State) Directory(after uint64) []UserChange {
	i, _ := slices.BinarySearchFunc(s.directory, after+1, func(c UserChange, seq uint64) int { return cmp.Compare(c.Seq, seq) })
	return s.directory[i:]
}
