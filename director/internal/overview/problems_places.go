package overview

import (
	"fmt"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// From when on something is a problem.
const (
	// credentialSoon is how long before its end a credential is told; Microsoft's portal offers secrets of 3 months at least.
	credentialSoon = 30 * 24 * time.Hour
	// credentialNow is from when on that is critical.
	credentialNow = 7 * 24 * time.Hour
	// refreshOld is how old the list of an account's mailboxes may be; runs of whole accounts read it anew each day.
	refreshOld = 7 * 24 * time.Hour
	// transporterGone is how long a Transporter may be out of reach: it may be restarting.
	transporterGone = 3 * time.Minute
	// clockOff is how far a Transporter's clock may be off. Certificates bear an hour, schedules suffer before that.
	clockOff = 2 * time.Minute
	// diskLow and diskEmpty are the parts of a disk that are left, in percent.
	diskLow, diskEmpty = 10, 3
	// diskData is what a Transporter needs for its own data, in bytes; its disk may be large and nearly full for other reasons.
	diskData = 2 << 30
	// certificateSoon: certificates that renew themselves do so when a third of their life is left, so one so near its end was not.
	certificateSoon = 14 * 24 * time.Hour
	// verifyOld is how long a repository may go without having been verified.
	verifyOld = 90 * 24 * time.Hour
	// searchOld is how long a search index may be behind.
	searchOld = 6 * time.Hour
	// fullSoon is how long before a disk will be full by its growth that is told.
	fullSoon = 30 * 24 * time.Hour
)

func (s *Service) ofAccounts(st *State) {
	if len(st.Accounts) == 0 {
		st.add(Problem{
			Kind: AccountNone, Severity: Critical, Title: "There is no Microsoft 365 account", Cause: "Without one there is nothing to back up.",
			Remedy: "Add the account of your tenant.", Actions: []Action{DoAddAccount},
		})
	}
	for i := range st.Accounts {
		a := &st.Accounts[i]
		base := Problem{Account: a.ID, AccountName: a.Name}
		if a.Trouble != "" {
			p := base
			p.Kind, p.Severity, p.Since = AccountRefused, Critical, a.TroubleSince
			p.Title, p.Cause = "Account "+a.Name+" cannot be read", sentence(a.Trouble)
			p.Remedy, p.Actions = "Test the account, and mend what the test says.", []Action{DoTestAccount, DoReplaceSecret, DoRefreshAccount}
			if a.TroubleKind == fault.Unauthorized {
				p.Title = "Microsoft refuses the credential of account " + a.Name
				p.Remedy, p.Actions = "Make a new secret or certificate for the application in Microsoft's portal, and replace it here.", []Action{DoReplaceSecret, DoTestAccount}
			}
			st.add(p)
		}
		if len(a.Missing) > 0 {
			p := base
			p.Kind, p.Severity, p.Count = AccountPermissionMissing, Warning, int64(len(a.Missing))
			p.Title = "The application of account " + a.Name + " lacks " + counted(p.Count, "permission", "permissions")
			p.Cause = "Not granted: " + strings.Join(a.Missing, ", ") + "."
			p.Remedy, p.Actions = "Grant them in Microsoft's portal, with the consent of an administrator, and test the account again.", []Action{DoTestAccount}
			st.add(p)
		}
		if p, ok := expiring(a, st.At); ok {
			st.add(p)
		}
		if age := st.At.Sub(a.Refreshed); a.Trouble == "" && age > refreshOld && (!a.Refreshed.IsZero() || st.At.Sub(a.Created) > time.Hour) {
			p := base
			p.Kind, p.Severity, p.Since = AccountNotRefreshed, Warning, a.Refreshed
			p.Title, p.Cause = "The mailboxes of account "+a.Name+" have not been read lately", "They were last read "+days(age)+" ago: new ones are not known."
			if a.Refreshed.IsZero() {
				p.Title, p.Cause = "The mailboxes of account "+a.Name+" were never read", "None of them is known yet."
			}
			p.Remedy, p.Actions = "Refresh the account.", []Action{DoRefreshAccount, DoTestAccount}
			st.add(p)
		}
	}
}

// expiring tells that a credential expires soon, or has.
func expiring(a *record.Account, now time.Time) (Problem, bool) {
	left := a.CredentialExpires.Sub(now)
	if a.CredentialExpires.IsZero() || left > credentialSoon {
		return Problem{}, false
	}
	p := Problem{Kind: AccountSecretExpiring, Severity: Warning, Account: a.ID, AccountName: a.Name, Expires: a.CredentialExpires}
	what := "secret"
	if a.Credential.Kind() == "certificate" {
		p.Kind, what = AccountCertificateExpiring, "certificate"
	}
	if left <= credentialNow {
		p.Severity = Critical
	}
	p.Title = fmt.Sprintf("The %s of account %s expires in %s", what, a.Name, days(left))
	if left <= 0 {
		p.Title = fmt.Sprintf("The %s of account %s has expired", what, a.Name)
	}
	p.Cause = "From " + a.CredentialExpires.UTC().Format("2006-01-02 15:04 MST") + " on Microsoft refuses it, and nothing of the account is backed up."
	p.Remedy = "Make a new " + what + " for the application in Microsoft's portal, and replace it here."
	p.Actions = []Action{DoReplaceSecret}
	return p, true
}

func (s *Service) ofTransporters(st *State) {
	if len(st.Transporters) == 0 {
		st.add(Problem{
			Kind: TransporterNone, Severity: Critical, Title: "There is no Transporter", Cause: "Transporters do the work: without one nothing is backed up.",
			Remedy: "Install a Transporter and pair it.", Actions: []Action{DoPair},
		})
	}
	for i := range st.Transporters {
		t := &st.Transporters[i]
		f := s.Fleet.Status(t.ID)
		base := Problem{Transporter: t.ID, TransporterName: t.Name}
		if !f.Reachable {
			if st.At.Sub(f.Since) < transporterGone {
				continue
			}
			p := base
			p.Kind, p.Severity, p.Since = TransporterUnreachable, Critical, f.Since
			p.Title, p.Cause = "Transporter "+t.Name+" cannot be reached", sentence(f.Error)
			p.Remedy = "See that its machine and its service run, and that port and firewall let the Director in."
			p.Actions = []Action{DoTestTransporter, DoOpenTransporter}
			if stranger(f.Error) {
				p.Kind, p.Title = TransporterNotPaired, "Transporter "+t.Name+" is not paired with this Director any more"
				p.Remedy, p.Actions = "Remove it here and pair it again, with the code that it prints.", []Action{DoPair, DoTestTransporter}
			}
			st.add(p)
			continue
		}
		if s.Version != "" && f.Version != "" && f.Version != s.Version {
			p := base
			p.Kind, p.Severity = TransporterVersion, Notice
			p.Title = fmt.Sprintf("Transporter %s has version %s, the Director %s", t.Name, f.Version, s.Version)
			p.Cause, p.Remedy = "They may not know all of each other's abilities.", "Install the same version on both."
			p.Actions = []Action{DoOpenTransporter}
			st.add(p)
		}
		if off := f.ClockAhead; off > clockOff || off < -clockOff {
			p := base
			p.Kind, p.Severity = TransporterClock, Warning
			way := "ahead of"
			if off < 0 {
				way, off = "behind", -off
			}
			p.Title = fmt.Sprintf("The clock of Transporter %s is %s %s the Director's", t.Name, days(off), way)
			p.Cause, p.Remedy = "Recovery points get wrong times, and certificates may be refused.", "Set the clocks of both machines by a time server."
			p.Actions = []Action{DoOpenTransporter}
			st.add(p)
		}
		if f.Total > 0 && f.Free < diskData {
			p := base
			p.Kind, p.Severity = TransporterDisk, Warning
			if f.Free < diskData/8 {
				p.Severity = Critical
			}
			p.Title = fmt.Sprintf("The disk of Transporter %s has %s left", t.Name, size(f.Free))
			p.Cause, p.Remedy = "It needs room for its own data beside the repositories.", "Make room on the disk with its data folder."
			p.Actions = []Action{DoOpenTransporter}
			st.add(p)
		}
		if left := f.Expires.Sub(st.At); !f.Expires.IsZero() && left < certificateSoon {
			p := base
			p.Kind, p.Severity, p.Expires = TransporterCertificate, Warning, f.Expires
			p.Title = fmt.Sprintf("The certificate of Transporter %s expires in %s and was not renewed", t.Name, days(max(0, left)))
			p.Cause, p.Remedy = "The Director renews it by itself when a third of its life is left; the Director's log says why not.", "If the log does not help, remove the Transporter and pair it again."
			p.Actions = []Action{DoOpenTransporter, DoPair}
			st.add(p)
		}
	}
}

// stranger reports whether an error says that the two do not know each other.
func stranger(text string) bool {
	return strings.Contains(text, "certificate") || strings.Contains(text, "another Transporter answers")
}

func (s *Service) ofRepositories(st *State) {
	if len(st.Repositories) == 0 && len(st.Transporters) > 0 {
		st.add(Problem{
			Kind: RepositoryNone, Severity: Critical, Title: "There is no repository", Cause: "Backups have no place to go.",
			Remedy: "Create a repository on a Transporter.", Actions: []Action{DoCreateRepository},
		})
	}
	used := map[record.RepositoryID]bool{}
	for i := range st.Jobs {
		if j := &st.Jobs[i]; works(j) {
			for _, id := range j.Repositories() {
				used[id] = true
			}
		}
	}
	for i := range st.Repositories {
		r := &st.Repositories[i]
		base := Problem{Repository: r.ID, RepositoryName: r.Name, Transporter: r.Transporter}
		for n := range st.Transporters {
			if st.Transporters[n].ID == r.Transporter {
				base.TransporterName = st.Transporters[n].Name
			}
		}
		s.dueWork(st, r, base)
		if !r.Attached {
			detached(st, r, base, used[r.ID])
			continue
		}
		if r.Error != "" {
			p := base
			p.Kind, p.Severity = RepositoryUnavailable, Critical
			p.Title, p.Cause = "Repository "+r.Name+" cannot be used", sentence(r.Error)
			p.Remedy, p.Actions = "Mend what the cause says, then attach it again; when it is damaged, repair it.", []Action{DoAttach, DoRepair, DoOpenRepository}
			st.add(p)
		}
		s.integrity(st, r, base)
		s.room(st, r, base)
		if s.Search == nil {
			continue
		}
		if x, ok := s.Search(r.ID); ok && (x.Trouble != "" || x.Behind > 0 && st.At.Sub(x.Since) > searchOld) {
			p := base
			p.Kind, p.Severity, p.Since, p.Count = RepositoryNotSearchable, Notice, x.Since, x.Behind
			p.Title = fmt.Sprintf("The search index of %s is %s behind", r.Name, counted(x.Behind, "recovery point", "recovery points"))
			p.Cause, p.Remedy = "Mail that only they have is not found. Recovery does not need the index.", "It catches up by itself; if it does not, have it made anew."
			if x.Trouble != "" {
				p.Title, p.Cause = "The search index of "+r.Name+" does not go on", sentence(x.Trouble)
			}
			p.Actions = []Action{DoRebuildIndex, DoOpenRepository}
			st.add(p)
		}
	}
}

// dueWork tells what its schedules asked for and is not done.
func (s *Service) dueWork(st *State, r *record.Repository, base Problem) {
	for _, d := range st.plans[r.ID].Due {
		if d.Waiting == "" || st.At.Sub(d.Start) < waitsLong {
			continue
		}
		p := base
		p.Kind, p.Severity, p.Since = RepositoryWorkFailed, Warning, d.Start
		p.Title, p.Cause = fmt.Sprintf("The %s of %s has been waiting for %s", d.Work, r.Name, days(st.At.Sub(d.Start))), sentence(d.Waiting)
		p.Remedy, p.Actions = "Mend what it waits for; it goes on by itself then.", []Action{DoOpenRepository}
		st.add(p)
		return
	}
}

func detached(st *State, r *record.Repository, base Problem, used bool) {
	at, _, comes := r.Schedules.Next(record.WorkAttach, st.At)
	if comes || !used {
		return // it comes back by itself, or nothing goes there
	}
	p := base
	p.Kind, p.Severity, p.Since, p.Expires = RepositoryDetached, Warning, r.Switched, at
	p.Title, p.Cause = "Repository "+r.Name+" is detached", "Jobs back up to it, and nothing attaches it again by itself."
	p.Remedy, p.Actions = "Attach it, or give it a schedule that does.", []Action{DoAttach, DoOpenRepository}
	st.add(p)
}

// integrity tells of damage, and that nobody looked for long.
func (s *Service) integrity(st *State, r *record.Repository, base Problem) {
	var last, looked end
	for _, k := range []workOf{{r.ID, record.KindVerify, false}, {r.ID, record.KindVerify, true}, {r.ID, record.KindRepair, false}} {
		for _, e := range s.runs.ofWork[k] {
			if e.ended.After(last.ended) {
				last = e
			}
			if e.looked && e.ended.After(looked.ended) {
				looked = e
			}
		}
	}
	if n := int64(len(looked.damage)); n > 0 {
		p := base
		p.Kind, p.Severity, p.Run, p.Since, p.Count = RepositoryDamaged, Critical, looked.run, looked.ended, n
		p.Title = "Repository " + r.Name + " is damaged"
		p.Cause = fmt.Sprintf("The last look found %s: %s", counted(n, "place", "places"), sentence(looked.damage[0]))
		p.Remedy, p.Actions = "Repair it. What a later backup or a copy has is put back; look whether the disk is failing.", []Action{DoRepair, DoVerify, DoOpenActivity}
		st.add(p)
		return
	}
	if last.run != looked.run && last.status == record.RunFailed {
		p := base
		p.Kind, p.Severity, p.Run, p.Since = RepositoryWorkFailed, Warning, last.run, last.ended
		p.Title, p.Cause = "The last verify of "+r.Name+" failed", sentence(last.err)
		p.Remedy, p.Actions = "Mend what the cause says, and verify again.", []Action{DoVerify, DoOpenActivity}
		st.add(p)
	}
	since := looked.ended
	if since.IsZero() {
		since = r.Created
	}
	if st.At.Sub(since) > verifyOld && r.Statistics.Points > 0 {
		p := base
		p.Kind, p.Severity, p.Since = RepositoryNotVerified, Notice, looked.ended
		p.Title = "Repository " + r.Name + " has not been verified for " + days(st.At.Sub(since))
		p.Cause, p.Remedy = "Disks fail silently: only a verify tells that everything can be read.", "Verify it, and give it a schedule for that."
		p.Actions = []Action{DoVerify, DoOpenRepository}
		st.add(p)
	}
}

// room tells that the disk is nearly full, or soon will be.
func (s *Service) room(st *State, r *record.Repository, base Problem) {
	t := r.Statistics
	if t.TotalBytes <= 0 {
		return
	}
	p := base
	p.Kind, p.Severity = RepositoryFull, Warning
	p.Title = fmt.Sprintf("The disk of repository %s has %s of %s left", r.Name, size(t.FreeBytes), size(t.TotalBytes))
	p.Cause = "When it is full, runs stop; what is there stays."
	p.Remedy, p.Actions = "Make room on the disk, reclaim the space of what was deleted, or shorten the retention of jobs.", []Action{DoReclaim, DoOpenRepository}
	percent := float64(t.FreeBytes) * 100 / float64(t.TotalBytes)
	full, known := time.Time{}, false
	if s.Growth != nil {
		full, known = s.Growth(r.ID)
	}
	switch {
	case percent < diskEmpty:
		p.Severity = Critical
	case percent < diskLow:
	case known && full.Sub(st.At) < fullSoon:
		p.Title = fmt.Sprintf("The disk of repository %s will be full in about %s", r.Name, days(max(0, full.Sub(st.At))))
		p.Cause = fmt.Sprintf("It has %s left and goes on growing as in the last weeks.", size(t.FreeBytes))
	default:
		return
	}
	if known {
		p.Expires = full
	}
	st.add(p)
}
