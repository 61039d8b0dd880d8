package overview

import (
	"fmt"
	"time"

	"holdfast/director/internal/record"
)

// backupOld is how old the last backup of the Director may be where no schedule says more.
const backupOld = 8 * 24 * time.Hour

// reportsLately is for how long a report that could not be delivered is a problem.
const reportsLately = 7 * 24 * time.Hour

func (s *Service) ofDirector(st *State) {
	s.ofBackup(st)
	s.ofDisk(st)
	var failed int64
	var last record.Delivery
	for _, d := range st.failed {
		if age := st.At.Sub(d.Ended); age > reportsLately {
			continue
		}
		failed++
		if d.Ended.After(last.Ended) {
			last = d
		}
	}
	if failed > 0 {
		st.add(Problem{
			Kind: ReportsFailed, Severity: Warning, Count: failed, Since: last.Ended,
			Title: counted(failed, "report", "reports") + " could not be delivered", Cause: sentence(last.Error),
			Remedy: "Mend the settings of e-mail or webhooks, and have them sent again.", Actions: []Action{DoOpenDeliveries},
		})
	}
	if s.Expires == nil {
		return
	}
	at, renewed := s.Expires()
	soon := certificateSoon
	if !renewed {
		soon = credentialSoon
	}
	if left := at.Sub(st.At); !at.IsZero() && left < soon {
		p := Problem{
			Kind: DirectorCertificate, Severity: Warning, Expires: at, Title: fmt.Sprintf("The Director's certificate expires in %s", days(max(0, left))),
			Cause:  "Browsers and the command line refuse it from then on.",
			Remedy: "Put a new certificate and key in the place of the configured files; they are read again by themselves.", Actions: []Action{DoOpenCertificates},
		}
		if left <= credentialNow {
			p.Severity = Critical
		}
		if left <= 0 {
			p.Title = "The Director's certificate has expired"
		}
		if renewed {
			p.Remedy = "The Director renews it by itself and did not: its log says why."
		}
		st.add(p)
	}
}

// ofDisk tells that the Director's own disk is nearly full. The Director needs about as much room for its data as a Transporter.
func (s *Service) ofDisk(st *State) {
	if s.Space == nil {
		return
	}
	p := Problem{
		Kind: DirectorDisk, Severity: Warning, Cause: "When it is full, the Director can keep no results and start no jobs.",
		Remedy: "Make room on the disk with its data folder.", Actions: []Action{DoStartBackup},
	}
	if st.selfBackup.Folder == "" {
		p.Actions = []Action{DoSetBackup}
	}
	total, free, err := s.Space()
	switch {
	case err != nil:
		p.Title, p.Cause = "The free space of the Director's disk is not known", sentence(err.Error())
		p.Remedy = "See that its data folder is there and can be read."
	case total <= 0 || free >= diskData:
		return
	default:
		p.Title = fmt.Sprintf("The Director's own disk has %s of %s left", size(free), size(total))
		if free < diskData/8 {
			p.Severity = Critical
		}
	}
	st.add(p)
}

func (s *Service) ofBackup(st *State) {
	b := &st.selfBackup
	if b.Folder == "" {
		st.add(Problem{
			Kind: BackupNone, Severity: Warning, Title: "The Director itself is not backed up",
			Cause:  "With its machine its jobs, accounts and the keys of encrypted repositories would be lost.",
			Remedy: "Choose a folder on another disk, a passphrase and a schedule.", Actions: []Action{DoSetBackup},
		})
		return
	}
	switch {
	case b.LastError != "":
		st.add(Problem{
			Kind: BackupFailed, Severity: Critical, Since: b.LastTried, Title: "The last backup of the Director failed", Cause: sentence(b.LastError),
			Remedy: "Mend what the cause says, and start a backup.", Actions: []Action{DoStartBackup, DoSetBackup},
		})
	case len(b.Schedules) == 0 && b.LastSucceeded.IsZero(), st.At.Sub(b.LastSucceeded) > s.backupPeriod(b, st.At):
		p := Problem{
			Kind: BackupOld, Severity: Warning, Since: b.LastSucceeded, Title: "The last backup of the Director is " + days(st.At.Sub(b.LastSucceeded)) + " old",
			Cause: "What was changed since would be lost with its machine.", Remedy: "Start a backup, or give it a schedule.",
			Actions: []Action{DoStartBackup, DoSetBackup},
		}
		if b.LastSucceeded.IsZero() {
			if len(b.Schedules) > 0 && st.At.Sub(b.Considered) < 24*time.Hour {
				return // it was set up a moment ago
			}
			p.Title = "The Director was never backed up"
		}
		st.add(p)
	}
}

// backupPeriod is how old the last backup may be: two periods of its schedules, and backupOld at least.
func (s *Service) backupPeriod(b *record.SelfBackup, now time.Time) time.Duration {
	least := time.Duration(0)
	for i := range b.Schedules {
		c, err := b.Schedules[i].Located()
		if err != nil {
			continue
		}
		first, ok := c.Next(now)
		if !ok {
			continue
		}
		if second, ok := c.Next(first.Start); ok {
			if d := second.Start.Sub(first.Start); least == 0 || d < least {
				least = d
			}
		}
	}
	return max(backupOld, 2*least)
}
