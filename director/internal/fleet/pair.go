package fleet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/grpc"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
)

// pairWait bounds each step of pairing.
const pairWait = 15 * time.Second

// Candidate is a Transporter to be paired.
type Candidate struct {
	Name         string
	Address      string
	Code         string
	TransferHost string
}

// Pair makes a Transporter one of this installation: the certificate at the address must be the one in the code before
// anything is sent, both sides prove the code's secret, and only when all of it succeeded is the Transporter stored.
func (f *Fleet) Pair(ctx context.Context, c Candidate) (record.Transporter, error) {
	code, err := pairing.Parse(c.Code)
	if err != nil {
		return record.Transporter{}, err
	}
	if c.Address, err = WithPort(c.Address); err != nil {
		return record.Transporter{}, err
	}
	if err := f.free(c, ""); err != nil {
		return record.Transporter{}, err
	}
	if err := knock(ctx, c.Address); err != nil {
		return record.Transporter{}, err
	}
	id, err := record.NewID()
	if err != nil {
		return record.Transporter{}, err
	}
	t := record.Transporter{
		ID: record.TransporterID(id), Name: c.Name, Address: c.Address, TransferHost: c.TransferHost, Paired: f.Now(),
	}
	if err := f.exchange(ctx, code, &t); err != nil {
		return record.Transporter{}, err
	}
	if t.Name == "" {
		t.Name = t.Hostname
	}
	// The Transporter has taken its certificate: from here on who asked may go, the record must stay.
	err = f.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return store.Transporters.Insert(tx, t) })
	if err != nil {
		return record.Transporter{}, err
	}
	f.Logger.Info("Transporter paired", "transporter", t.ID)
	// It turns to mutual TLS now; its state is nice to have at once, not a condition.
	_ = f.Await(ctx, t.ID)
	return f.Get(t.ID)
}

// free reports whether name and address are not another Transporter's.
func (f *Fleet) free(c Candidate, except record.TransporterID) error {
	all, err := f.List()
	if err != nil {
		return err
	}
	for _, t := range all {
		switch {
		case t.ID == except:
		case t.Address == c.Address:
			return fault.New(fault.Conflict, "the Transporter at %s is paired already, as %s", t.Address, t.Name)
		case c.Name != "" && strings.EqualFold(t.Name, c.Name):
			return fault.InvalidField("name", "another Transporter is called %s", t.Name)
		}
	}
	return nil
}

// WithPort checks an address and adds the usual port when it names none.
func WithPort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), DefaultPort
	}
	if n, perr := strconv.ParseUint(port, 10, 16); perr != nil || n == 0 || !isHost(host) {
		return "", fault.InvalidField("address", "%q is no address; write host:port, for example backup1.example.com:%s", address, DefaultPort)
	}
	return net.JoinHostPort(host, port), nil
}

// isHost reports whether s is an address or looks like a name.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '_'
	})
}

// knock tells a machine that does not answer from one that answers wrongly.
func knock(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, pairWait)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return fault.New(fault.Unavailable, "no Transporter answers at %s (%w); check that it runs, that the address is right, and that a firewall lets the port through", address, err)
	}
	return conn.Close()
}

// exchange is the pairing itself. It fills in what the Transporter said of itself.
func (f *Fleet) exchange(ctx context.Context, code pairing.Code, t *record.Transporter) error {
	conn, err := rpc.Dial(t.Address, identity.PinnedTLS(code.Fingerprint))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := transporterv1.NewPairingServiceClient(conn)
	x := pairing.Transcript{CA: f.Trust.CA(), DirectorURI: string(f.Trust.Director()), TransporterID: string(t.ID)}
	if x.DirectorNonce, err = pairing.NewNonce(); err != nil {
		return err
	}
	step, cancel := context.WithTimeout(ctx, pairWait)
	defer cancel()
	begun, err := client.BeginPairing(step, &transporterv1.BeginPairingRequest{DirectorNonce: x.DirectorNonce})
	if err != nil {
		return refused(t.Address, err)
	}
	x.TransporterNonce, x.CertificateRequest = begun.GetTransporterNonce(), begun.GetCertificateRequest()
	if len(x.TransporterNonce) != pairing.NonceSize {
		return fault.New(fault.Invalid, "what answers at %s does not pair as a Transporter does", t.Address)
	}
	if x.Certificate, err = f.Trust.Sign(x.CertificateRequest, t.ID); err != nil {
		return err
	}
	// Once this is sent the Transporter may be paired, whether or not who asked still waits.
	ctx = context.WithoutCancel(ctx)
	done, err := complete(ctx, client, code, x)
	switch {
	case err == nil && !code.Check(done.GetProof(), pairing.RoleTransporter, x):
		return fault.New(fault.Denied, "what answers at %s does not know the pairing code's secret: it is not the Transporter that printed the code", t.Address)
	case fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Timeout:
		// The answer was lost: whether it took the certificate shows when it is asked under it.
		if !f.taken(ctx, *t) {
			return refused(t.Address, err)
		}
	case err != nil:
		return refused(t.Address, err)
	}
	t.Version, t.Hostname = begun.GetVersion(), begun.GetHostname()
	return nil
}

func complete(ctx context.Context, client transporterv1.PairingServiceClient, code pairing.Code, x pairing.Transcript) (*transporterv1.CompletePairingResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, pairWait)
	defer cancel()
	return client.CompletePairing(ctx, &transporterv1.CompletePairingRequest{
		TransporterId: x.TransporterID, Certificate: x.Certificate, CaCertificate: x.CA, DirectorUri: x.DirectorURI,
		Proof: code.Proof(pairing.RoleDirector, x),
	})
}

// taken reports whether the Transporter answers as the one that it was to become.
func (f *Fleet) taken(ctx context.Context, t record.Transporter) bool {
	conn, err := rpc.Dial(t.Address, identity.ClientTLS(f.Trust.Credentials, f.Trust.Transporter(t.ID)))
	if err != nil {
		return false
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, pairWait)
	defer cancel()
	_, err = transporterv1.NewControlServiceClient(conn).GetStatus(ctx, &transporterv1.GetStatusRequest{}, grpc.WaitForReady(true))
	return err == nil
}

// refused says in one sentence why pairing failed and what to do.
func refused(address string, err error) error {
	switch fault.KindOf(err) {
	case fault.Denied, fault.Unauthorized:
		return fault.InvalidField("pairing_code", "the Transporter at %s refuses the pairing code: %w", address, err)
	case fault.Unsupported:
		return fault.New(fault.Conflict, "the Transporter at %s is paired already; \"holdfast-transporter pairing-code\" there says how to get a new pairing code", address)
	case fault.Unavailable, fault.Timeout:
		if strings.Contains(err.Error(), "pairing code") {
			return fault.InvalidField("pairing_code", "the pairing code does not belong to what answers at %s: check the address, or take the code that the Transporter prints now (\"holdfast-transporter pairing-code\" there tells it, or what to do when it is paired already)", address)
		}
		return fault.New(fault.Unavailable, "the Transporter at %s did not finish pairing: %w", address, err)
	default:
		return err
	}
}
