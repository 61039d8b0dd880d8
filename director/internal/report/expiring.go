package report

import (
	"fmt"
	"slices"
	"time"

	"holdfast/director/internal/store"
)

// expiresSoon is how long before its end a credential is told, as the dashboard does; Microsoft's portal offers secrets of 3
// months at least.
const expiresSoon = 30 * 24 * time.Hour

// Expiring is a secret or certificate of an account that ends soon, or has ended.
type Expiring struct {
	Account string
	// What is "secret" or "certificate".
	What string
	At   time.Time
}

// expiring notes what ends soon: of every account, since whoever reads a report of one may be the only one who reads any.
func (f *Facts) expiring(tx *store.Tx, now time.Time) error {
	for a, err := range store.Accounts.All(tx, "") {
		if err != nil {
			return err
		}
		if a.CredentialExpires.IsZero() || a.CredentialExpires.Sub(now) > expiresSoon {
			continue
		}
		what := "secret"
		if a.Credential.Kind() == "certificate" {
			what = "certificate"
		}
		f.Expiring = append(f.Expiring, Expiring{a.Name, what, a.CredentialExpires})
	}
	slices.SortStableFunc(f.Expiring, func(a, b Expiring) int { return a.At.Compare(b.At) })
	f.Told = now
	return nil
}

func (f *Facts) expiringLines() []string {
	var lines []string
	for _, e := range f.Expiring {
		line := fmt.Sprintf("The %s of account %s expires on %s: replace it before", e.What, text(e.Account), f.when(e.At))
		if !e.At.After(f.Told) {
			line = fmt.Sprintf("The %s of account %s expired on %s: nothing of it is backed up until it is replaced", e.What, text(e.Account), f.when(e.At))
		}
		lines = append(lines, line)
	}
	return lines
}
