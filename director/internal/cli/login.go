package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type loginFlags struct {
	user     string
	password secretFlags
	// newPassword is the second line of standard input.
	newPassword string
}

func newLogin(a *app) *cobra.Command {
	f := &loginFlags{password: secretFlags{name: "password", what: "password", env: "HOLDFAST_PASSWORD"}}
	cmd := &cobra.Command{
		Use: "login [DIRECTOR]", Short: "Sign in to a Director and remember it",
		Long: `Signs in and keeps the session for the commands that follow. At the first login
the fingerprint of the Director's certificate is shown: compare it with what the
Director's machine prints, because from then on exactly this certificate is
trusted. Scripts give it with --fingerprint, or the Director's CA with --ca.

The one-time password of the first start must be changed: you are asked for a
new one. With --password-stdin it is the second line of standard input.`,
		Example: "  holdfast login backup.example.com\n" +
			"  holdfast login backup.example.com --user admin --ca director-ca.pem --password-stdin < password.txt",
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.flags.director = args[0]
			}
			return runLogin(cmd.Context(), a, f)
		},
	}
	cmd.Flags().StringVar(&f.user, "user", "", "user `name` (HOLDFAST_USER)")
	f.password.register(cmd.Flags())
	mapFields(cmd, "user", "--user", "password", "--password-file", "new_password", "new password", "current_password", "--password-file")
	return cmd
}

func runLogin(ctx context.Context, a *app, f *loginFlags) error {
	s, err := a.loadSettings()
	if err != nil {
		return err
	}
	s.token, s.tokenFrom = "", ""
	if s.trust, err = a.meet(ctx, s); err != nil {
		return err
	}
	if err := a.loginAnswers(ctx, f); err != nil {
		return err
	}
	password, err := a.loginPassword(ctx, f)
	if err != nil {
		return err
	}
	c := a.dial(s, s.trust.tlsConfig())
	r, err := c.SignIn(ctx, &pb.SignInRequest{User: f.user, Password: password})
	if err != nil {
		return err
	}
	if r.GetPasswordChangeRequired() {
		if err := a.changePassword(ctx, s, f, r.GetToken(), password); err != nil {
			return err
		}
	}
	if err := a.remember(s, f.user, r); err != nil {
		return err
	}
	return a.say("Signed in to %s as %s%s.", s.director, f.user, until(a, r))
}

func until(a *app, r *pb.SignInResponse) string {
	if r.GetExpires() == nil {
		return ""
	}
	return " until " + a.when(r.GetExpires())
}

// meet finds out whether the Director can be trusted; a certificate that nobody vouches for is shown to a person.
func (a *app) meet(ctx context.Context, s settings) (trust, error) {
	_, err := a.dial(s, s.trust.tlsConfig()).GetVersion(ctx, &pb.GetVersionRequest{})
	if err == nil {
		return s.trust, nil
	}
	if s.trust.given || len(s.trust.pin) > 0 || s.trust.roots != nil || !strange(err) {
		return s.trust, err
	}
	var seen *x509.Certificate
	if _, err := a.dial(s, lookOnly(&seen)).GetVersion(ctx, &pb.GetVersionRequest{}); err != nil {
		return s.trust, err
	}
	shown := fingerprintText(fingerprint(seen))
	if a.Terminal == nil {
		return s.trust, &unreachable{text: "the certificate of " + s.director + " is not known here. Compare its fingerprint with what " +
			"the Director's machine prints, then give it: --fingerprint " + shown}
	}
	a.note("%s is not known here. The fingerprint of its certificate is\n  %s", s.director, shown)
	answer, err := a.Terminal.ReadLine(ctx, "Is this what the Director's machine prints? [y/N] ")
	if err != nil {
		return s.trust, err
	}
	if t := strings.ToLower(strings.TrimSpace(answer)); t != "y" && t != "yes" {
		return s.trust, &unreachable{text: "the certificate was not accepted; nothing was sent"}
	}
	return newTrust("", shown)
}

// strange is true for a certificate that the CAs of this system do not vouch for.
func strange(err error) bool {
	var ca x509.UnknownAuthorityError
	var host x509.HostnameError
	var bad x509.CertificateInvalidError
	return errors.As(err, &ca) || errors.As(err, &host) || errors.As(err, &bad)
}

func (a *app) loginAnswers(ctx context.Context, f *loginFlags) error {
	f.user = first(f.user, a.Getenv("HOLDFAST_USER"))
	if f.user != "" {
		return nil
	}
	if a.Terminal == nil {
		return usagef("the user is missing: give --user or HOLDFAST_USER")
	}
	user, err := a.Terminal.ReadLine(ctx, "User: ")
	f.user = strings.TrimSpace(user)
	if err == nil && f.user == "" {
		err = usagef("the user is empty")
	}
	return err
}

// loginPassword returns the password; with --password-stdin a second line is kept as the new one.
func (a *app) loginPassword(ctx context.Context, f *loginFlags) (string, error) {
	if !f.password.stdin || f.password.file != "" {
		return a.secret(ctx, &f.password)
	}
	lines, err := readLines(a.Stdin, 2)
	if err != nil {
		return "", err
	}
	if len(lines) == 0 || lines[0] == "" {
		return "", usagef("standard input holds no password")
	}
	if len(lines) == 2 {
		f.newPassword = lines[1]
	}
	return lines[0], nil
}

// changePassword replaces the one-time password. The session stays and may then do what its user may.
func (a *app) changePassword(ctx context.Context, s settings, f *loginFlags, token, old string) error {
	text := f.newPassword
	if text == "" {
		if a.Terminal == nil {
			return notSignedIn{"the one-time password must be changed: give the new one as the second line of standard input, with --password-stdin"}
		}
		a.note("The one-time password must be changed now.")
		var err error
		if text, err = a.askSecret(ctx, "new password", true); err != nil {
			return err
		}
	}
	s.token, s.tokenFrom = token, "login"
	_, err := a.dial(s, s.trust.tlsConfig()).SetPassword(ctx, &pb.SetPasswordRequest{CurrentPassword: old, NewPassword: text})
	return err
}

// remember keeps the session, and how the Director was recognised.
func (a *app) remember(s settings, user string, r *pb.SignInResponse) error {
	e := sessionEntry{User: user, Token: r.GetToken()}
	if r.GetExpires() != nil {
		e.Expires = r.GetExpires().AsTime()
	}
	if len(s.trust.pin) > 0 {
		e.Fingerprint = fingerprintText(s.trust.pin)
		if c := s.trust.met.certificate; c != nil {
			e.Fingerprint, e.Key = fingerprintText(fingerprint(c)), fingerprintText(keyFingerprint(c))
		}
	}
	if s.trust.caFile != "" {
		// Later commands run in other folders.
		path, err := filepath.Abs(s.trust.caFile)
		if err != nil {
			return err
		}
		e.CA = path
	}
	s.session.set(s.director, e)
	s.session.Current = s.director
	return s.session.save(a.sessionPath())
}

func newLogout(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the session and forget its token",
		Long:    "Ends the session and forgets its token. How the Director was recognised is kept\nfor the next login.",
		Example: "  holdfast logout",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLogout(cmd.Context(), a) },
	}
}

func runLogout(ctx context.Context, a *app) error {
	s, err := a.loadSettings()
	if err != nil {
		return err
	}
	e := s.session.entry(s.director)
	if e.Token == "" {
		return a.say("Nobody was signed in to %s.", s.director)
	}
	s.token, s.tokenFrom = e.Token, "login"
	_, callErr := a.dial(s, s.trust.tlsConfig()).SignOut(ctx, &pb.SignOutRequest{})
	var over notSignedIn
	if errors.As(callErr, &over) {
		callErr = nil // The session had ended already.
	}
	s.session.set(s.director, sessionEntry{CA: e.CA, Fingerprint: e.Fingerprint, Key: e.Key})
	if err := s.session.save(a.sessionPath()); err != nil {
		return err
	}
	if callErr != nil {
		return callErr
	}
	return a.say("Signed out of %s.", s.director)
}
