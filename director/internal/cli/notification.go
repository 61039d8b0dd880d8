package cli

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newSettings(a *app) *cobra.Command {
	return group("settings", "Settings of the Director: mail, webhooks, history", newSettingsHistory(a),
		group("mail", "The mail server, and who is told of all jobs", newMailShow(a), newMailSet(a), newMailTest(a)),
		group("webhook", "Addresses that reports are posted to", newWebhookShow(a), newWebhookSet(a), newWebhookRemove(a), newWebhookTest(a)))
}

func (a *app) notificationSettings(ctx context.Context) (*api, *pb.NotificationSettings, error) {
	c, err := a.connect()
	if err != nil {
		return nil, nil, err
	}
	r, err := c.GetNotificationSettings(ctx, &pb.GetNotificationSettingsRequest{})
	if err != nil {
		return nil, nil, err
	}
	s := r.GetSettings()
	if s == nil {
		s = &pb.NotificationSettings{}
	}
	return c, s, nil
}

func newMailShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the mail server and who is told of all jobs", Example: "  holdfast settings mail show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, s, err := a.notificationSettings(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(&pb.GetNotificationSettingsResponse{Settings: s}, func() error { return a.showMail(s) })
		},
	}
}

func (a *app) showMail(s *pb.NotificationSettings) error {
	var f facts
	m := s.GetMail()
	if m == nil {
		f.add("mail server", "none; name one with: holdfast settings mail set")
	} else {
		f.add("mail server", "%s", m.GetHost())
		if m.GetPort() != 0 {
			f.add("port", "%d", m.GetPort())
		}
		f.add("protection", "%s", securityWord(m.GetSecurity()))
		f.add("from", "%s", m.GetFrom())
		f.add("user", "%s", first(m.GetUser(), "nobody signs in"))
		if m.GetUser() != "" {
			f.add("login", "%s", loginWord(m.GetLogin()))
			f.add("password", "%s", setWord(m.GetPasswordSet()))
		}
		f.add("own CA", "%s", yesNo(len(m.GetCaPem()) > 0))
		f.some("says hello as", m.GetHello())
	}
	f.add("told of all jobs", "%s", first(strings.Join(s.GetReports().GetAddresses(), ", "), "nobody"))
	f.add("of which ends", "%s", endsWord(s.GetReports().GetWhen(), "always"))
	f.add("of recoveries", "%s", endsWord(s.GetRecoveries(), "never"))
	f.add("of maintenance", "%s", endsWord(s.GetMaintenance(), "never"))
	f.some("links lead to", s.GetPublicUrl())
	return f.write(a.Stdout)
}

func setWord(on bool) string {
	if on {
		return "set"
	}
	return "not set"
}

func endsWord(w pb.ReportWhen, unset string) string {
	if w == pb.ReportWhen_REPORT_WHEN_UNSPECIFIED {
		return unset
	}
	return word(w, "REPORT_WHEN_")
}

func securityWord(s pb.MailSecurity) string {
	if s == pb.MailSecurity_MAIL_SECURITY_UNSPECIFIED {
		s = pb.MailSecurity_MAIL_SECURITY_STARTTLS
	}
	return word(s, "MAIL_SECURITY_")
}

func loginWord(l pb.MailLogin) string {
	if l == pb.MailLogin_MAIL_LOGIN_UNSPECIFIED {
		return "the strongest that is offered"
	}
	return word(l, "MAIL_LOGIN_")
}

type mailFlags struct {
	host, security, login, user, ca, from, hello string
	port, seconds                                int32
	to                                           []string
	when, recoveries, maintenance, url           string
	off                                          bool
	password                                     secretFlags
}

func newMailSet(a *app) *cobra.Command {
	f := &mailFlags{password: secretFlags{name: "password", what: "password of the mail server", env: "HOLDFAST_MAIL_PASSWORD"}}
	cmd := &cobra.Command{
		Use: "set", Short: "Set the mail server and who is told of all jobs",
		Long: `Sets what is given and leaves the rest as it is. The password is kept only for
the server, user and protection that it was entered for. An empty --report-to
tells nobody; --off takes the mail server away.`,
		Example: "  holdfast settings mail set --host smtp.contoso.com --from \"Holdfast <backup@contoso.com>\" --user backup --password-file secret.txt\n" +
			"  holdfast settings mail set --report-to \"ops@contoso.com; it@contoso.com\" --report-when not-successful",
		RunE: func(cmd *cobra.Command, _ []string) error { return runMailSet(cmd.Context(), a, f, cmd.Flags()) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.host, "host", "", "`name` or address of the mail server")
	fl.Int32Var(&f.port, "port", 0, "`port`; 0 is 587 with STARTTLS, 465 with TLS, 25 without")
	fl.StringVar(&f.security, "security", "starttls", "`protection` of the connection: starttls, tls or none")
	fl.StringVar(&f.login, "login", "any", "`way` to sign in: any, plain, login or cram-md5")
	fl.StringVar(&f.user, "user", "", "`user` to sign in as; empty to sign nobody in")
	f.password.register(fl)
	fl.StringVar(&f.ca, "ca-file", "", "PEM `file` of the CA that signed the server's certificate; empty for those of the Director's machine")
	fl.StringVar(&f.from, "from", "", "`address` that mail comes from, with or without a name")
	fl.StringVar(&f.hello, "hello", "", "`name` that the Director says hello with; empty for its machine's")
	fl.Int32Var(&f.seconds, "seconds", 0, "how many `seconds` the server may take for a step; 0 is 30")
	fl.StringArrayVar(&f.to, "report-to", nil, "tell this `address` of all jobs, or several with ; between; may be repeated")
	fl.StringVar(&f.when, "report-when", "always", "of which `ends`: always, not-successful or failed")
	fl.StringVar(&f.recoveries, "recoveries", "never", "of which `ends` of recoveries: never, always, not-successful or failed")
	fl.StringVar(&f.maintenance, "maintenance", "never", "the same `ends` of what is done to repositories; damage is a failure")
	fl.StringVar(&f.url, "public-url", "", "`address` of the Director in links, like https://backup.example.com:4443")
	fl.BoolVar(&f.off, "off", false, "send no mail")
	complete(cmd, "security", fixed("starttls", "tls", "none"))
	complete(cmd, "login", fixed("any", "plain", "login", "cram-md5"))
	for _, name := range []string{"report-when", "recoveries", "maintenance"} {
		complete(cmd, name, fixed("never", "always", "not-successful", "failed"))
	}
	mapFields(cmd, "settings.mail.host", "--host", "settings.mail.port", "--port", "settings.mail.user", "--user", "settings.mail.password", "--password-file",
		"settings.mail.from", "--from", "settings.mail.hello", "--hello", "settings.mail.ca_pem", "--ca-file", "settings.mail.login", "--login",
		"settings.mail.timeout_seconds", "--seconds", "settings.reports.addresses", "--report-to", "settings.public_url", "--public-url")
	return cmd
}

func runMailSet(ctx context.Context, a *app, f *mailFlags, fl *pflag.FlagSet) error {
	password := ""
	if f.password.file != "" || f.password.stdin || a.Getenv(f.password.env) != "" {
		var err error
		if password, err = a.secret(ctx, &f.password); err != nil {
			return err
		}
	}
	c, s, err := a.notificationSettings(ctx)
	if err != nil {
		return err
	}
	if err := f.apply(fl, s, password); err != nil {
		return err
	}
	r, err := c.UpdateNotificationSettings(ctx, &pb.UpdateNotificationSettingsRequest{Settings: s})
	if err != nil {
		return err
	}
	return a.done(r, "The settings are saved. Try them with: holdfast settings mail test ADDRESS")
}

// apply writes the flags that were given into s.
func (f *mailFlags) apply(fl *pflag.FlagSet, s *pb.NotificationSettings, password string) error {
	m := s.GetMail()
	if m == nil {
		m = &pb.MailServer{}
	}
	text := func(name string, value string, to *string) {
		if fl.Changed(name) {
			*to = value
		}
	}
	text("host", f.host, &m.Host)
	text("user", f.user, &m.User)
	text("from", f.from, &m.From)
	text("hello", f.hello, &m.Hello)
	text("public-url", f.url, &s.PublicUrl)
	m.Password = password
	if fl.Changed("port") {
		m.Port = f.port
	}
	if fl.Changed("seconds") {
		m.TimeoutSeconds = f.seconds
	}
	var err error
	if fl.Changed("security") {
		if m.Security, err = choose[pb.MailSecurity](pb.MailSecurity_value, "MAIL_SECURITY_", "--security", f.security); err != nil {
			return err
		}
	}
	if fl.Changed("login") {
		if m.Login, err = choose[pb.MailLogin](pb.MailLogin_value, "MAIL_LOGIN_", "--login", f.login, "any"); err != nil {
			return err
		}
	}
	if fl.Changed("ca-file") {
		if m.CaPem, err = caFile(f.ca); err != nil {
			return err
		}
	}
	if err := f.applyReports(fl, s); err != nil {
		return err
	}
	s.Mail = m
	if f.off || proto.Equal(m, &pb.MailServer{}) {
		s.Mail = nil
	}
	return nil
}

func (f *mailFlags) applyReports(fl *pflag.FlagSet, s *pb.NotificationSettings) (err error) {
	if s.Reports == nil {
		s.Reports = &pb.Reports{}
	}
	if fl.Changed("report-to") {
		s.Reports.Addresses = nil
		for _, list := range f.to {
			for one := range strings.SplitSeq(list, ";") {
				if one = strings.TrimSpace(one); one != "" {
					s.Reports.Addresses = append(s.Reports.Addresses, one)
				}
			}
		}
	}
	if fl.Changed("report-when") {
		if s.Reports.When, err = choose[pb.ReportWhen](pb.ReportWhen_value, "REPORT_WHEN_", "--report-when", f.when); err != nil {
			return err
		}
	}
	if fl.Changed("recoveries") {
		if s.Recoveries, err = choose[pb.ReportWhen](pb.ReportWhen_value, "REPORT_WHEN_", "--recoveries", f.recoveries, "never"); err != nil {
			return err
		}
	}
	if fl.Changed("maintenance") {
		s.Maintenance, err = choose[pb.ReportWhen](pb.ReportWhen_value, "REPORT_WHEN_", "--maintenance", f.maintenance, "never")
	}
	return err
}

// choose reads a word of an enumeration; unset are the words for its zero.
func choose[E ~int32](values map[string]int32, prefix, flag, given string, unset ...string) (E, error) {
	if slices.Contains(unset, given) {
		return 0, nil
	}
	n, ok := values[prefix+strings.ReplaceAll(strings.ToUpper(given), "-", "_")]
	if !ok || n == 0 {
		words := slices.Clone(unset)
		for i := int32(1); i < int32(len(values)); i++ {
			for name, value := range values {
				if value == i {
					words = append(words, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", "-"))
				}
			}
		}
		return 0, usagef("%s is %s, not %q", flag, strings.Join(words, ", "), given)
	}
	return E(n), nil
}

// caFile reads a CA; an empty name is none.
func caFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--ca-file: %s.", fileSentence(err))
	}
	return b, nil
}

func newMailTest(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "test ADDRESS", Short: "Send a test mail", Long: "Sends a mail to ADDRESS now, and tells what the mail server said.",
		Example: "  holdfast settings mail test ops@contoso.com", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			r, err := c.SendTestMail(cmd.Context(), &pb.SendTestMailRequest{Address: args[0]})
			if err != nil {
				return err
			}
			return a.done(r, "The mail server took a mail to %s.", args[0])
		},
	}
	mapFields(cmd, "address", "ADDRESS")
	return cmd
}
