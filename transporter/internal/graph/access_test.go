package graph_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/graph"
)

func noUsers(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]any{"value": []any{}})
}

func TestAccessNamesWhatIsMissingAndWhatItCosts(t *testing.T) {
	for _, tc := range []struct {
		name    string
		roles   []string
		missing string
		backUp  bool
	}{
		{"everything granted", []string{"Mail.ReadWrite", "User.Read.All", "MailboxSettings.Read"}, "", true},
		{"read only", []string{"Mail.Read", "Directory.Read.All"}, "Mail.ReadWrite MailboxSettings.Read", true},
		{"basic mail is not enough", []string{"Mail.ReadBasic.All", "User.Read.All"}, "Mail.Read Mail.ReadWrite MailboxSettings.Read", false},
		{"nothing granted", nil, "Mail.Read Mail.ReadWrite MailboxSettings.Read", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newTenant(t, noUsers)
			s.roles = tc.roles
			access, err := s.client(t).CheckAccess(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var missing []string
			for _, p := range access.Missing() {
				missing = append(missing, p.Name)
				if p.Without == "" {
					t.Errorf("%s does not say what it costs", p.Name)
				}
			}
			if got := strings.Join(missing, " "); got != tc.missing || access.CanBackUp() != tc.backUp {
				t.Errorf("got missing %q, can back up %v; want %q, %v", got, access.CanBackUp(), tc.missing, tc.backUp)
			}
		})
	}
}

func TestAccessBelievesGraphAboutUsers(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "Authorization_RequestDenied") })
	access, err := s.client(t).CheckAccess(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m := access.Missing(); len(m) != 1 || m[0].Name != "User.Read.All" || access.CanBackUp() {
		t.Fatalf("got %+v", m)
	}
}

func TestWrongCredentialsGiveOneClearSentence(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*graph.Options)
		kind   fault.Kind
		says   string
	}{
		{"wrong secret", func(o *graph.Options) { o.Secret = graph.NewSecret("wrong-secret-text") }, fault.Unauthorized, "AADSTS7000215"},
		{"unknown tenant", func(o *graph.Options) { o.Tenant = "99999999-2222-3333-4444-555555555555" }, fault.NotFound, "AADSTS90002"},
		{"unknown application", func(o *graph.Options) { o.ClientID = "other" }, fault.NotFound, "AADSTS700016"},
		{"nobody at the authority", func(o *graph.Options) { o.Authority = "https://127.0.0.1:1" }, fault.Unavailable, "127.0.0.1:1 cannot be reached: the connection was refused"},
		{"nobody at the root", func(o *graph.Options) { o.Root = "https://127.0.0.1:1" }, fault.Unavailable, "127.0.0.1:1 cannot be reached: the connection was refused"},
		{"an authority that is not trusted", func(o *graph.Options) { o.CAs = nil }, fault.Unavailable, "not trusted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := newTenant(t, noUsers).client(t, tc.change).CheckAccess(t.Context())
			if !errors.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v (%v), want %v saying %q", err, fault.KindOf(err), tc.kind, tc.says)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "wrong-secret-text") || len(err.Error()) > 250 {
				t.Fatalf("not one clear sentence: %q", err)
			}
		})
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	first := ""
	s := newTenant(t, func(w http.ResponseWriter, r *http.Request) {
		if first == "" {
			first = r.Header.Get("Authorization")
		}
		if r.Header.Get("Authorization") == first {
			refuse(w, 401, "InvalidAuthenticationToken")
			return
		}
		noUsers(w, r)
	})
	if _, err := s.client(t).CheckAccess(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.tokens != 2 {
		t.Fatalf("asked for %d tokens, want 2", s.tokens)
	}
	always := newTenant(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "InvalidAuthenticationToken") })
	if _, err := always.client(t).CheckAccess(t.Context()); !errors.Is(err, fault.Unauthorized) {
		t.Fatalf("got %v, want Unauthorized", err)
	}
	if n := len(always.requests()); n != 2 {
		t.Fatalf("sent %d requests, want 2", n)
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	o := graph.Options{Secret: graph.NewSecret("hunter2"), Certificate: graph.Certificate{Data: graph.NewSecret("hunter2")}}
	asJSON, err := json.Marshal(o.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %x %d", o.Secret, o.Secret, o.Secret, o.Secret, o.Secret, o.Secret, o.Secret),
		fmt.Sprintf("%v", o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), fmt.Sprint(struct{ s graph.Secret }{o.Secret}), string(asJSON),
	} {
		if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed the secret: %s", got)
		}
	}
}

func TestOptionsReportAllFaultsAtOnce(t *testing.T) {
	for _, tc := range []struct {
		name   string
		o      graph.Options
		fields string
	}{
		{"nothing given", graph.Options{}, "tenant client_id secret"},
		{"both credentials", graph.Options{Tenant: "t", ClientID: "c", Secret: graph.NewSecret("s"), Certificate: graph.Certificate{Data: graph.NewSecret("x")}}, "secret"},
		{"a certificate that is none", graph.Options{Tenant: "t", ClientID: "c", Certificate: graph.Certificate{Data: graph.NewSecret("x")}}, "certificate"},
		{"no such cloud", graph.Options{Tenant: "t", ClientID: "c", Secret: graph.NewSecret("s"), Cloud: "mars"}, "cloud"},
		{"custom without hosts", graph.Options{Tenant: "t", ClientID: "c", Secret: graph.NewSecret("s"), Cloud: graph.CloudCustom}, "authority root"},
		{"custom without TLS", graph.Options{Tenant: "t", ClientID: "c", Secret: graph.NewSecret("s"), Cloud: graph.CloudCustom, Authority: "http://a", Root: "https://r/v1.0"}, "authority root"},
		{"global with a root", graph.Options{Tenant: "t", ClientID: "c", Secret: graph.NewSecret("s"), Root: "https://r"}, "root"},
		{"a tenant that is none", graph.Options{Tenant: "common", ClientID: "c", Secret: graph.NewSecret("s")}, "tenant"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var fields []string
			joined, ok := tc.o.Validate().(interface{ Unwrap() []error })
			if !ok {
				t.Fatal("no faults")
			}
			for _, err := range joined.Unwrap() {
				var f *fault.Fault
				if !errors.As(err, &f) || f.Kind != fault.Invalid {
					t.Fatalf("got %v", err)
				}
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tc.fields {
				t.Errorf("got faults of %q, want %q", got, tc.fields)
			}
		})
	}
}
