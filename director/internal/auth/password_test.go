package auth

import (
	"strings"
	"testing"

	"holdfast/pkg/fault"
)

func TestPasswordsAreHashedWithTheirOwnSalt(t *testing.T) {
	a, err := hashPassword("password")
	if err != nil {
		t.Fatal(err)
	}
	b, err := hashPassword("password")
	if err != nil {
		t.Fatal(err)
	}
	if a == b || strings.Contains(a, "password") || !strings.HasPrefix(a, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("hashes %s and %s", a, b)
	}
	for password, want := range map[string]bool{"password": true, "Password": false, "": false} {
		if got, err := verifyPassword(a, password); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
}

func FuzzStoredHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdA$aGFzaA")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			if fault.KindOf(err) != fault.Corrupt {
				t.Fatal(err)
			}
			return
		}
		if p.memory > 1<<20 || p.time > 64 || p.threads == 0 || len(p.hash) < 16 {
			t.Fatalf("parameters %+v were let through", p)
		}
	})
}
