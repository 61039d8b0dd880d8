package transporter_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter"
)

func status(c transporterv1.ControlServiceClient) func(context.Context, ...grpc.CallOption) (*transporterv1.GetStatusResponse, error) {
	return func(ctx context.Context, o ...grpc.CallOption) (*transporterv1.GetStatusResponse, error) {
		return c.GetStatus(ctx, &transporterv1.GetStatusRequest{}, o...)
	}
}

func TestAPairedTransporterServesItsDirector(t *testing.T) {
	d := newDirector(t)
	p := start(t, transporter.Options{MaxTasks: 3})
	code := p.out.code(t, 1)
	fromFile, err := transporter.ReadPairingCode(p.options.DataDir)
	if err != nil || fromFile != code.String() {
		t.Fatalf("the file has %q (%v), printed was %q", fromFile, err, code)
	}
	info, err := os.Stat(filepath.Join(p.options.DataDir, "pairing-code"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the code's file has mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := d.pair(t.Context(), p.options.ControlAddress, code, "tr1", nil); err != nil {
		t.Fatal(err)
	}
	got, err := ready(t, status(d.control(p.options.ControlAddress, d.own, "tr1")))
	if err != nil {
		t.Fatal(err)
	}
	if got.GetTransporterId() != "tr1" || got.GetTasksMax() != 3 || got.GetCpus() < 1 || !got.GetCertificateExpires().IsValid() {
		t.Errorf("got status %v", got)
	}
	if _, err := transporter.ReadPairingCode(p.options.DataDir); !errors.Is(err, fault.NotFound) {
		t.Errorf("the used code is still there: %v", err)
	}
}

func TestARestartKeepsThePairing(t *testing.T) {
	d := newDirector(t)
	p, _ := paired(t, d, transporter.Options{}, "tr1")
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, p.options)
	if _, err := ready(t, status(d.control(again.options.ControlAddress, d.own, "tr1"))); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheDirectorMayControl(t *testing.T) {
	d := newDirector(t)
	p, c := paired(t, d, transporter.Options{}, "tr1")
	if _, err := ready(t, status(c)); err != nil {
		t.Fatal(err)
	}
	stranger := newDirector(t)
	for name, as := range map[string]identity.Credentials{
		"another Transporter":                 d.credentials(identity.Transporter(installation, "tr2")),
		"a Director of another authority":     stranger.own,
		"a Director of another installation":  d.credentials(identity.Director("other")),
		"a Transporter that calls itself one": d.credentials(identity.Transporter(installation, "director")),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err := d.control(p.options.ControlAddress, as, "tr1").GetStatus(ctx, &transporterv1.GetStatusRequest{})
		cancel()
		if err == nil {
			t.Errorf("%s was let in", name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var code pairing.Code
	if err := d.pair(ctx, p.options.ControlAddress, code, "tr9", nil); err == nil {
		t.Error("pairing is still served")
	}
}

func TestFiveWrongProofsVoidTheCode(t *testing.T) {
	d := newDirector(t)
	p := start(t, transporter.Options{})
	code := p.out.code(t, 1)
	wrong := code
	if _, err := rand.Read(wrong.Secret[:]); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		err := d.pair(t.Context(), p.options.ControlAddress, wrong, "tr1", nil)
		if !errors.Is(err, fault.Unauthorized) {
			t.Fatalf("wrong proof %d: %v", i+1, err)
		}
	}
	err := d.pair(t.Context(), p.options.ControlAddress, code, "tr1", nil)
	if !errors.Is(err, fault.Unauthorized) || !strings.Contains(err.Error(), "void") {
		t.Errorf("the right code after five wrong ones: %v, want that it is void", err)
	}
	// It is taken back beside the answers.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		_, err := transporter.ReadPairingCode(p.options.DataDir)
		if errors.Is(err, fault.NotFound) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the void code is still offered: %v", err)
		}
	}
}

func TestPairingRefusesWhatWouldLockEverybodyOut(t *testing.T) {
	d := newDirector(t)
	p := start(t, transporter.Options{})
	code := p.out.code(t, 1)
	other := newDirector(t)
	for name, spoil := range map[string]func(*transporterv1.CompletePairingRequest){
		"a certificate of another authority": func(r *transporterv1.CompletePairingRequest) { r.CaCertificate = other.authority.Certificate() },
		"another id":                         func(r *transporterv1.CompletePairingRequest) { r.TransporterId = "tr2" },
		"a Director elsewhere":               func(r *transporterv1.CompletePairingRequest) { r.DirectorUri = string(identity.Director("x")) },
		"a certificate for another key":      func(r *transporterv1.CompletePairingRequest) { r.Certificate = d.own.Certificate },
		"no certificate":                     func(r *transporterv1.CompletePairingRequest) { r.Certificate = nil },
	} {
		kindIs(t, name, d.pair(t.Context(), p.options.ControlAddress, code, "tr1", spoil), fault.Invalid)
	}
	if err := d.pair(t.Context(), p.options.ControlAddress, code, "tr1", nil); err != nil {
		t.Errorf("a right request after wrong ones: %v", err)
	}
}

func TestUnpairingPrintsANewCode(t *testing.T) {
	d := newDirector(t)
	p, c := paired(t, d, transporter.Options{}, "tr1")
	if _, err := ready(t, status(c)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Unpair(t.Context(), &transporterv1.UnpairRequest{}); err != nil {
		t.Fatal(err)
	}
	code := p.out.code(t, 2)
	if err := d.pair(t.Context(), p.options.ControlAddress, code, "tr2", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := ready(t, status(d.control(p.options.ControlAddress, d.own, "tr2"))); err != nil || got.GetTransporterId() != "tr2" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheCertificateIsRenewedWithoutARestart(t *testing.T) {
	d := newDirector(t)
	p, c := paired(t, d, transporter.Options{}, "tr1")
	if _, err := ready(t, status(c)); err != nil {
		t.Fatal(err)
	}
	asked, err := c.RenewCertificate(t.Context(), &transporterv1.RenewCertificateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(30 * time.Minute)
	cert, err := d.authority.Sign(asked.GetCertificateRequest(), identity.Transporter(installation, "tr1"), later)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := d.authority.Sign(asked.GetCertificateRequest(), identity.Transporter(installation, "tr2"), later)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.RenewCertificate(t.Context(), &transporterv1.RenewCertificateRequest{Certificate: foreign})
	kindIs(t, "a certificate of another name", err, fault.Invalid)
	_, err = c.RenewCertificate(t.Context(), &transporterv1.RenewCertificateRequest{Certificate: d.own.Certificate})
	kindIs(t, "a certificate for another key", err, fault.Conflict)
	if _, err := c.RenewCertificate(t.Context(), &transporterv1.RenewCertificateRequest{Certificate: cert}); err != nil {
		t.Fatal(err)
	}
	got, err := ready(t, status(d.control(p.options.ControlAddress, d.own, "tr1")))
	if err != nil {
		t.Fatal(err)
	}
	if want := later.Add(identity.LeafValidity); got.GetCertificateExpires().AsTime().Sub(want).Abs() > time.Second {
		t.Errorf("it expires %v, want %v", got.GetCertificateExpires().AsTime(), want)
	}
}

func TestASecondTransporterOnTheSameFolderIsRefused(t *testing.T) {
	p := start(t, transporter.Options{})
	p.out.code(t, 1)
	second, err := transporter.New(transporter.Options{DataDir: p.options.DataDir, ControlAddress: address(t)})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Run(t.Context())
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "another Transporter (process") {
		t.Errorf("got %v", err)
	}
}

func TestWhatKeepsItFromServingIsOneSentence(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		options transporter.Options
		want    string
	}{
		{"the port is in use", transporter.Options{DataDir: t.TempDir(), ControlAddress: busy.Addr().String()}, "is in use by another program"},
		{"the data folder is a file", transporter.Options{DataDir: file, ControlAddress: "127.0.0.1:0"}, "cannot be made"},
		{"the metrics port is in use", transporter.Options{DataDir: t.TempDir(), ControlAddress: "127.0.0.1:0", MetricsAddress: busy.Addr().String()}, "cannot serve metrics"},
	} {
		tr, err := transporter.New(tc.options)
		if err != nil {
			t.Fatal(err)
		}
		err = tr.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one sentence with %q", tc.name, err, tc.want)
		}
		if _, err := transporter.ReadPairingCode(tc.options.DataDir); err == nil {
			t.Errorf("%s: a code is offered", tc.name)
		}
	}
}

func TestOptionsReportAllTheirFaults(t *testing.T) {
	_, err := transporter.New(transporter.Options{
		ControlAddress: "nonsense", TransferPortFirst: 9000, TransferPortLast: 8000, MaxTasks: -1, DrainTimeout: -1,
	})
	for _, want := range []string{"data folder", "nonsense", "before the first", "-1 tasks", "negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
