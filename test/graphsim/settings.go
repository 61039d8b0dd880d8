package graphsim

import "time"

// Settings are what a test may change while the tenant runs. The zero value is the service as the contract has it; each
// field departs from it, or picks among behaviours that the contract leaves open.
type Settings struct {
	// Latency of every Graph request, before it is worked on. With LatencyP99 it is the median of a log-normal distribution
	// and LatencyP99 what one request of a hundred exceeds. Rules come first, for some mailboxes or kinds of request.
	Latency      time.Duration `json:"latency"`
	LatencyP99   time.Duration `json:"latencyP99"`
	LatencyRules []LatencyRule `json:"latencyRules"`
	// TokenLifetime of access tokens. Zero: one hour. RefreshIn is the hint refresh_in (contract 1.2). Zero: none.
	TokenLifetime time.Duration `json:"tokenLifetime"`
	RefreshIn     time.Duration `json:"refreshIn"`
	// TokenSkew is how far the identity's clock is ahead of Graph's; DateSkew that of the Date header (contract 14.25).
	TokenSkew time.Duration `json:"tokenSkew"`
	DateSkew  time.Duration `json:"dateSkew"`
	// Whole makes later delta rounds report whole messages only, never changed parts (contract 4.5).
	Whole bool `json:"whole"`
	// EmptyPages puts an empty page with a nextLink before the last page of a round (contract 14.4).
	EmptyPages bool `json:"emptyPages"`
	// Replays repeats the last change of the round before in each later round (contract 4.5, replays).
	Replays bool `json:"replays"`
	// MoveBackLost: a message moved away and back between two rounds is reported gone only (contract 4.10, 14.7).
	MoveBackLost bool `json:"moveBackLost"`
	// StaleLinks answers 410 to a nextLink older than the newest of its round (contract 4.5, 14.8).
	StaleLinks bool `json:"staleLinks"`
	// RefuseDeltaTop answers 400 to $top in a message delta, which else caps the whole round (contract 4.4, 14.3).
	RefuseDeltaTop bool `json:"refuseDeltaTop"`
	// MaxDeltaPage caps odata.maxpagesize. Zero: no cap.
	MaxDeltaPage int `json:"maxDeltaPage"`
	// FolderExists is the status of ErrorFolderExists. Zero: 409; 400 is reported too (contract 3.7).
	FolderExists int `json:"folderExists"`
	// DeleteToRecoverable makes DELETE skip Deleted Items (contract 6.8).
	DeleteToRecoverable bool `json:"deleteToRecoverable"`
	// MaxMessage is the largest message in bytes. Zero: 150 MB, the most that an administrator may allow (contract 5.4).
	MaxMessage int64 `json:"maxMessage"`
	// TooLargeIs400 answers 400 in place of 413 to requests over 4 MB (contract 6.9).
	TooLargeIs400 bool `json:"tooLargeIs400"`
	// SessionLifetime of upload sessions. Zero: one hour.
	SessionLifetime time.Duration `json:"sessionLifetime"`
	// LowerInnerError writes "innererror" for "innerError"; OddErrors writes "requestId" for "request-id" and adds "target" and
	// "details"; NestedErrors puts the code that counts into the inner error (contract 9.1).
	LowerInnerError bool `json:"lowerInnerError"`
	OddErrors       bool `json:"oddErrors"`
	NestedErrors    bool `json:"nestedErrors"`
	// LinkHost is the host that nextLinks and deltaLinks name. Empty: the one that was asked (contract 14.2).
	LinkHost string `json:"linkHost"`
	// IgnoreUploadAuth takes uploads that carry an Authorization header, in place of refusing them (contract 14.21).
	IgnoreUploadAuth bool `json:"ignoreUploadAuth"`
	// OpenExtras adds properties that are in no schema, as an open type may (contract 4.1).
	OpenExtras bool `json:"openExtras"`
	// ShortPages gives pages of users with fewer than were asked for, and more to come (contract 2.1).
	ShortPages bool `json:"shortPages"`
	// DirectoryLifetime of the tokens of users/delta. Zero: seven days (contract 2.3).
	DirectoryLifetime time.Duration `json:"directoryLifetime"`
	// DeltaFilterCap is the most messages that a delta with a filter tracks. Zero: 5,000 (contract 4.4).
	DeltaFilterCap int `json:"deltaFilterCap"`
	// SearchCap is the most messages that a $search finds. Zero: 1,000; the documents once said 250 (contract 4.2).
	SearchCap int `json:"searchCap"`
	// CloseTracking refuses message delta altogether, as in a cloud without it (contract 1.6).
	CloseTracking bool `json:"closeTracking"`
}

func (s *Settings) folderExists() int {
	if s.FolderExists == 0 {
		return 409
	}
	return s.FolderExists
}

func (s *Settings) maxMessage() int64 {
	if s.MaxMessage == 0 {
		return 150 << 20
	}
	return s.MaxMessage
}

func (s *Settings) tokenLifetime() time.Duration {
	if s.TokenLifetime == 0 {
		return time.Hour
	}
	return s.TokenLifetime
}

func (s *Settings) sessionLifetime() time.Duration {
	if s.SessionLifetime == 0 {
		return time.Hour
	}
	return s.SessionLifetime
}

func (s *Settings) searchCap() int {
	if s.SearchCap == 0 {
		return 1000
	}
	return s.SearchCap
}

func (s *Settings) directoryLifetime() time.Duration {
	if s.DirectoryLifetime == 0 {
		return 7 * 24 * time.Hour
	}
	return s.DirectoryLifetime
}

func (s *Settings) deltaFilterCap() int {
	if s.DeltaFilterCap == 0 {
		return 5000
	}
	return s.DeltaFilterCap
}
