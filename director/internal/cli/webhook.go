package cli

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newWebhookShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the webhooks", Example: "  holdfast settings webhook show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, s, err := a.notificationSettings(cmd.Context())
			if err != nil {
				return err
			}
			t := newTable("NAME", "ADDRESS", "TOLD OF", "SIGNED", "HEADERS", "ID").shorten(1)
			for _, w := range s.GetWebhooks() {
				var headers []string
				for name := range w.GetHeaders() {
					headers = append(headers, name)
				}
				slices.Sort(headers)
				t.row(w.GetName(), w.GetUrl(), endsWord(w.GetWhen(), "always"), yesNo(w.GetSecretSet()), orDash(strings.Join(headers, ", ")), w.GetId())
			}
			return a.list(&pb.GetNotificationSettingsResponse{Settings: s}, t, "No webhooks yet. Add one with: holdfast settings webhook set NAME --url ADDRESS")
		},
	}
}

// webhookNamed finds a webhook by its name or id.
func webhookNamed(s *pb.NotificationSettings, ref string) (int, error) {
	at := slices.IndexFunc(s.GetWebhooks(), func(w *pb.Webhook) bool { return w.GetName() == ref || w.GetId() == ref })
	if at < 0 {
		return at, usagef("there is no webhook %q; see: holdfast settings webhook show", ref)
	}
	return at, nil
}

type webhookFlags struct {
	url, when, ca, headers string
	seconds                int32
	secret                 secretFlags
}

func newWebhookSet(a *app) *cobra.Command {
	f := &webhookFlags{secret: secretFlags{name: "secret", what: "signing secret of the webhook", env: "HOLDFAST_WEBHOOK_SECRET"}}
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Add a webhook, or change one",
		Long: `Adds a webhook of that name, or changes what is given of the one that is there.
With a secret, what is posted is signed (HMAC-SHA256, header Holdfast-Signature).
Headers are read from a file of lines "Name: value", and replace those that were.`,
		Example: "  holdfast settings webhook set Chat --url https://chat.contoso.com/hook --report-when not-successful\n" +
			"  holdfast settings webhook set Pager --secret-file secret.txt", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWebhookSet(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.url, "url", "", "`address` to post to, with https")
	fl.StringVar(&f.when, "report-when", "always", "of which `ends`: always, not-successful or failed")
	f.secret.register(fl)
	fl.StringVar(&f.headers, "headers-file", "", "`file` of headers to add, a line each: Name: value")
	fl.StringVar(&f.ca, "ca-file", "", "PEM `file` of the CA that signed the receiver's certificate; empty for those of the Director's machine")
	fl.Int32Var(&f.seconds, "seconds", 0, "how many `seconds` the receiver may take; 0 is 15")
	complete(cmd, "report-when", fixed("always", "not-successful", "failed"))
	return cmd
}

func runWebhookSet(ctx context.Context, a *app, f *webhookFlags, fl *pflag.FlagSet, name string) error {
	secret := ""
	if f.secret.file != "" || f.secret.stdin || a.Getenv(f.secret.env) != "" {
		var err error
		if secret, err = a.secret(ctx, &f.secret); err != nil {
			return err
		}
	}
	c, s, err := a.notificationSettings(ctx)
	if err != nil {
		return err
	}
	at, missing := webhookNamed(s, name)
	if missing != nil {
		if f.url == "" {
			return usagef("there is no webhook %q; to add it give --url", name)
		}
		at = len(s.GetWebhooks())
		s.Webhooks = append(s.Webhooks, &pb.Webhook{Name: name})
	}
	w := s.GetWebhooks()[at]
	w.Secret = secret
	if fl.Changed("url") {
		w.Url = f.url
	}
	if fl.Changed("seconds") {
		w.TimeoutSeconds = f.seconds
	}
	if fl.Changed("report-when") {
		if w.When, err = choose[pb.ReportWhen](pb.ReportWhen_value, "REPORT_WHEN_", "--report-when", f.when); err != nil {
			return err
		}
	}
	if fl.Changed("ca-file") {
		if w.CaPem, err = caFile(f.ca); err != nil {
			return err
		}
	}
	if fl.Changed("headers-file") {
		if w.Headers, err = headersFile(f.headers); err != nil {
			return err
		}
	}
	r, err := c.UpdateNotificationSettings(ctx, &pb.UpdateNotificationSettingsRequest{Settings: s})
	if err != nil {
		return err
	}
	return a.done(r, "The webhook %s is saved. Try it with: holdfast settings webhook test %s", w.GetName(), shellWord(w.GetName()))
}

// headersFile reads lines "Name: value"; an empty name of a file is none.
func headersFile(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--headers-file: %s.", fileSentence(err))
	}
	headers := map[string]string{}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, usagef("--headers-file: line %d is not of the form Name: value", n)
		}
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return headers, nil
}

func newWebhookRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a webhook", Example: "  holdfast settings webhook remove Pager --yes", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.notificationSettings(cmd.Context())
			if err != nil {
				return err
			}
			at, err := webhookNamed(s, args[0])
			if err != nil {
				return err
			}
			name := s.GetWebhooks()[at].GetName()
			if err := a.confirm(cmd.Context(), "Remove the webhook "+name+"? What waits for it is not sent."); err != nil {
				return err
			}
			s.Webhooks = slices.Delete(s.Webhooks, at, at+1)
			r, err := c.UpdateNotificationSettings(cmd.Context(), &pb.UpdateNotificationSettingsRequest{Settings: s})
			if err != nil {
				return err
			}
			return a.done(r, "The webhook %s was removed.", name)
		},
	}
}

func newWebhookTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "test NAME", Short: "Post a test to a webhook", Example: "  holdfast settings webhook test Pager", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.notificationSettings(cmd.Context())
			if err != nil {
				return err
			}
			at, err := webhookNamed(s, args[0])
			if err != nil {
				return err
			}
			r, err := c.SendTestWebhook(cmd.Context(), &pb.SendTestWebhookRequest{WebhookId: s.GetWebhooks()[at].GetId()})
			if err != nil {
				return err
			}
			return a.done(r, "The webhook %s took a test.", s.GetWebhooks()[at].GetName())
		},
	}
}
