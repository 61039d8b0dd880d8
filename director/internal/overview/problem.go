package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

// Severity of a problem. Numbers are those of the API.
type Severity int32

// The severities, the worst first.
const (
	Critical Severity = 1
	Warning  Severity = 2
	Notice   Severity = 3
)

// Kind of a problem. Numbers are those of the API.
type Kind int32

// The kinds.
const (
	MailboxesUnprotected Kind = 1
	MailboxesLate        Kind = 2
	MailboxesGone        Kind = 3

	RunFailed          Kind = 10
	RunIncomplete      Kind = 11
	RunStopped         Kind = 12
	JobDisabled        Kind = 13
	JobDraft           Kind = 14
	JobNeverRan        Kind = 15
	JobWithoutSchedule Kind = 16
	JobEmpty           Kind = 17
	RunWaiting         Kind = 18

	AccountSecretExpiring      Kind = 30
	AccountCertificateExpiring Kind = 31
	AccountRefused             Kind = 32
	AccountPermissionMissing   Kind = 33
	AccountNotRefreshed        Kind = 34

	TransporterNone        Kind = 50
	TransporterUnreachable Kind = 51
	TransporterNotPaired   Kind = 52
	TransporterVersion     Kind = 53
	TransporterClock       Kind = 54
	TransporterDisk        Kind = 55
	TransporterCertificate Kind = 56

	RepositoryNone          Kind = 70
	RepositoryDetached      Kind = 71
	RepositoryUnavailable   Kind = 72
	RepositoryDamaged       Kind = 73
	RepositoryNotVerified   Kind = 74
	RepositoryFull          Kind = 75
	RepositoryNotSearchable Kind = 76
	RepositoryWorkFailed    Kind = 77

	BackupNone          Kind = 90
	BackupFailed        Kind = 91
	BackupOld           Kind = 92
	ReportsFailed       Kind = 93
	DirectorCertificate Kind = 94
	DirectorDisk        Kind = 95
	AccountNone         Kind = 96
	JobNone             Kind = 97
)

// Action is what mends a problem. Numbers are those of the API.
type Action int32

// The actions.
const (
	DoRunFailed        Action = 1
	DoRunJob           Action = 2
	DoEnableJob        Action = 3
	DoEditJob          Action = 4
	DoProtect          Action = 5
	DoOpenRun          Action = 6
	DoListMailboxes    Action = 7
	DoRefreshAccount   Action = 8
	DoReplaceSecret    Action = 9
	DoTestAccount      Action = 10
	DoAddAccount       Action = 11
	DoTestTransporter  Action = 12
	DoPair             Action = 13
	DoOpenTransporter  Action = 14
	DoAttach           Action = 15
	DoRepair           Action = 16
	DoVerify           Action = 17
	DoReclaim          Action = 18
	DoOpenRepository   Action = 19
	DoRebuildIndex     Action = 20
	DoCreateRepository Action = 21
	DoSetBackup        Action = 22
	DoStartBackup      Action = 23
	DoOpenDeliveries   Action = 24
	DoOpenCertificates Action = 25
	DoCreateJob        Action = 26
	DoOpenActivity     Action = 27
)

// Problem is something that is not as it should be.
type Problem struct {
	Kind     Kind
	Severity Severity
	// Title is a line; Cause and Remedy are sentences.
	Title, Cause, Remedy string
	Actions              []Action
	Since                time.Time
	Count                int64
	Account              mail.AccountID
	Job                  record.JobID
	Run                  record.RunID
	Transporter          record.TransporterID
	Repository           record.RepositoryID
	// Names of them, as far as they are set.
	AccountName, JobName, TransporterName, RepositoryName string
	Expires                                               time.Time
}

// ID names the problem for as long as it is there.
func (p *Problem) ID() string {
	of := string(p.Account) + string(p.Job) + string(p.Transporter) + string(p.Repository)
	if p.Kind == RunWaiting {
		of = string(p.Run)
	}
	return strings.TrimRight(fmt.Sprintf("%d/%s", p.Kind, of), "/")
}

// problems finds them all.
func (s *Service) problems(st *State) {
	s.ofMailboxes(st)
	s.ofJobs(st)
	s.ofRunning(st)
	s.ofAccounts(st)
	s.ofTransporters(st)
	s.ofRepositories(st)
	s.ofDirector(st)
	slices.SortStableFunc(st.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(b.Count, a.Count))
	})
}

// rank puts what mends others first: without a Transporter nothing else works.
func rank(k Kind) int {
	switch k {
	case AccountNone, TransporterNone, RepositoryNone, JobNone:
		return 0
	case RepositoryDamaged, RepositoryUnavailable, TransporterUnreachable, TransporterNotPaired, AccountRefused:
		return 1
	case MailboxesUnprotected, MailboxesLate:
		return 2
	case RunFailed, RunIncomplete:
		return 3
	default:
		return 4
	}
}

func (st *State) add(p Problem) { st.Problems = append(st.Problems, p) }

// counted is "1 mailbox", "2,000 mailboxes".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is in decimal units, as disks are sold.
func size(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	for v >= 999.5 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return strconv.FormatFloat(v, 'f', map[bool]int{true: 0, false: 1}[unit == 0 || v >= 100], 64) + " " + units[unit]
}

// days is how far a time is away, in words.
func days(d time.Duration) string {
	switch n := int64(d / (24 * time.Hour)); {
	case d < 2*time.Hour:
		return counted(int64(d/time.Minute), "minute", "minutes")
	case n < 2:
		return counted(int64(d/time.Hour), "hour", "hours")
	default:
		return counted(n, "day", "days")
	}
}

// sentence ends what somebody else said.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}
