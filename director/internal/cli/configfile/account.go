package configfile

import (
	"context"

	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Account is a Microsoft 365 tenant.
type Account struct {
	Name     string `yaml:"name"`
	TenantID string `yaml:"tenant_id"`
	ClientID string `yaml:"client_id"`
	// Cloud is global when left out; the next three go with custom.
	Cloud     string `yaml:"cloud,omitempty"`
	Authority string `yaml:"authority,omitempty"`
	GraphRoot string `yaml:"graph_root,omitempty"`
	CAPEM     string `yaml:"ca_pem,omitempty"`
	// Transporter signs in for checks and lists; any when left out.
	Transporter string  `yaml:"transporter,omitempty"`
	Limits      *Limits `yaml:"limits,omitempty"`
	// Secret or Certificate (PEM or PFX), with its password if it has one.
	Secret              *Ref `yaml:"secret,omitempty"`
	Certificate         *Ref `yaml:"certificate,omitempty"`
	CertificatePassword *Ref `yaml:"certificate_password,omitempty"`
}

// Limits are those of Microsoft per app and mailbox; zero is the documented number.
type Limits struct {
	RequestsInFlight     int32 `yaml:"requests_in_flight,omitempty"`
	RequestsPerWindow    int32 `yaml:"requests_per_window,omitempty"`
	WindowSeconds        int32 `yaml:"window_seconds,omitempty"`
	UploadBytesPerWindow int64 `yaml:"upload_bytes_per_window,omitempty"`
	UploadWindowSeconds  int32 `yaml:"upload_window_seconds,omitempty"`
}

var clouds = vocabulary{prefix: "CLOUD_", values: pb.Cloud_value, standard: "global"}

func (a *Account) name() string { return a.Name }

func (a *Account) check() error {
	if a.Secret != nil && a.Certificate != nil {
		return invalid("give a secret or a certificate, not both")
	}
	if a.CertificatePassword != nil && a.Certificate == nil {
		return invalid("certificate_password goes with a certificate")
	}
	for what, ref := range map[string]*Ref{"secret": a.Secret, "certificate": a.Certificate, "certificate_password": a.CertificatePassword} {
		if err := ref.check(what); err != nil {
			return err
		}
	}
	return clouds.check("cloud", a.Cloud)
}

func exportAccount(p *pb.Account, n *names) Account {
	a := Account{
		Name: p.GetName(), TenantID: p.GetTenantId(), ClientID: p.GetClientId(), Cloud: clouds.word(int32(p.GetCloud())),
		Authority: p.GetAuthority(), GraphRoot: p.GetGraphRoot(), CAPEM: string(p.GetCaPem()),
		Transporter: n.transporters.name(p.GetTransporterId()),
	}
	if l := p.GetLimits(); l != nil {
		a.Limits = &Limits{
			RequestsInFlight: l.GetRequestsInFlight(), RequestsPerWindow: l.GetRequestsPerWindow(), WindowSeconds: l.GetWindowSeconds(),
			UploadBytesPerWindow: l.GetUploadBytesPerWindow(), UploadWindowSeconds: l.GetUploadWindowSeconds(),
		}
	}
	if p.GetCredential() == "certificate" {
		a.Certificate = placeholder("account", a.Name, "certificate")
	} else {
		a.Secret = placeholder("account", a.Name, "secret")
	}
	return a
}

// open is the account without its secrets, in words that can be compared.
func (a Account) open(n *names) Account {
	a.Secret, a.Certificate, a.CertificatePassword = nil, nil, nil
	a.Cloud, a.Transporter = clouds.plain(a.Cloud), n.transporters.canonical(a.Transporter)
	if a.Limits != nil && *a.Limits == (Limits{}) {
		a.Limits = nil
	}
	return a
}

func (a *Account) fill(p *pb.Account, n *names) (err error) {
	p.Name, p.TenantId, p.ClientId, p.Cloud = a.Name, a.TenantID, a.ClientID, pb.Cloud(clouds.number(a.Cloud))
	p.Authority, p.GraphRoot, p.CaPem, p.Limits = a.Authority, a.GraphRoot, []byte(a.CAPEM), nil
	if l := a.Limits; l != nil {
		p.Limits = &pb.Limits{
			RequestsInFlight: l.RequestsInFlight, RequestsPerWindow: l.RequestsPerWindow, WindowSeconds: l.WindowSeconds,
			UploadBytesPerWindow: l.UploadBytesPerWindow, UploadWindowSeconds: l.UploadWindowSeconds,
		}
	}
	p.TransporterId, err = n.transporters.id(a.Transporter)
	return err
}

func (a *Account) credential(r *runner) *pb.Credential {
	return &pb.Credential{
		ClientSecret: oneLine(r.secret(a.Secret)), Certificate: []byte(r.secret(a.Certificate)),
		CertificatePassword: oneLine(r.secret(a.CertificatePassword)),
	}
}

// kind is that of the credential which the file names; "" for none.
func (a *Account) kind() string {
	switch {
	case a.Certificate != nil:
		return "certificate"
	case a.Secret != nil:
		return "secret"
	}
	return ""
}

func (p *planner) accounts(list []Account) error {
	for _, want := range list {
		if !p.names.transporters.known(want.Transporter) {
			return invalid("account %q: there is no Transporter %q", want.Name, want.Transporter)
		}
		old, there := find(p.state.Accounts, want.Name)
		step := Step{Action: Create, Section: "accounts", Name: want.Name}
		renew := !there || p.RenewSecrets && want.kind() != ""
		if there {
			step.Action = Change
			step.Changes = compare(fields(exportAccount(old, p.names).open(p.names)), fields(want.open(p.names)))
			if k := want.kind(); k != "" && k != old.GetCredential() {
				step.Changes, renew = append(step.Changes, Difference{"credential", old.GetCredential(), k}), true
			} else if renew {
				step.Changes = append(step.Changes, renewed(want.kind()))
			}
			if len(step.Changes) == 0 {
				continue
			}
		} else {
			step.Changes = compare(nil, fields(want.open(p.names)))
		}
		if renew {
			if want.kind() == "" {
				return invalid("account %q is new: say where its secret is, with secret or certificate", want.Name)
			}
			step.need(want.Secret, want.Certificate, want.CertificatePassword)
		}
		step.run = p.runAccount(want, old, renew)
		p.add(step)
	}
	return nil
}

func (p *planner) runAccount(want Account, old *pb.Account, renew bool) func(context.Context, *runner) error {
	return func(ctx context.Context, r *runner) error {
		next := &pb.Account{}
		if old != nil {
			next = proto.CloneOf(old)
		}
		if err := want.fill(next, r.names); err != nil {
			return err
		}
		var credential *pb.Credential
		if renew {
			credential = want.credential(r)
		}
		if old != nil {
			_, err := r.UpdateAccount(ctx, &pb.UpdateAccountRequest{Account: next, Credential: credential, SkipTest: p.SkipTest})
			return err
		}
		made, err := r.AddAccount(ctx, &pb.AddAccountRequest{Account: next, Credential: credential, SkipTest: p.SkipTest})
		if err != nil {
			return err
		}
		id := made.GetAccount().GetId()
		if err := r.names.accounts.add(id, want.Name); err != nil {
			return err
		}
		if p.SkipTest && !p.mailboxesOf[key(want.Name)] {
			return nil
		}
		// The account is there; jobs that name none of its mailboxes do without the list.
		if made.GetAccount().GetRefreshed() != nil {
			return p.learnMailboxes(ctx, r, want.Name, id)
		}
		if _, err := r.RefreshAccount(ctx, &pb.RefreshAccountRequest{AccountId: id}); err != nil {
			r.note("The mailboxes of " + want.Name + " could not be listed yet: " + err.Error())
		}
		return p.learnMailboxes(ctx, r, want.Name, id)
	}
}

// learnMailboxes reads the addresses of a new account, if jobs of the file name any.
func (p *planner) learnMailboxes(ctx context.Context, r *runner, account, id string) error {
	if !p.mailboxesOf[key(account)] {
		return nil
	}
	found, err := mailboxes(ctx, r.API, id)
	r.names.learn(id, found)
	return err
}
