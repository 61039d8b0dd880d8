package cli

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
)

func TestErrorsAreOneClearSentence(t *testing.T) {
	throttled := fault.New(fault.Throttled, "too many sign-ins")
	throttled.RetryAfter = 40 * time.Second
	graph := fault.New(fault.Unauthorized, "the client secret is wrong or has expired")
	graph.RequestID = "5b1c-77"
	for _, tc := range []struct {
		name, line string
		call       string
		err        error
		code       int
		want       string
	}{
		{"a missing argument", "job run", "", nil, exitUsage, "holdfast: holdfast job run: JOB is missing\nSee: holdfast job run --help\n"},
		{"two missing arguments", "transporter pair", "", nil, exitUsage, "holdfast: holdfast transporter pair: NAME and ADDRESS are missing\nSee: holdfast transporter pair --help\n"},
		{"a name that should be quoted", "job run My Job", "", nil, exitUsage, "holdfast: holdfast job run: \"Job\" is too much on the command line; quote names that have spaces\nSee: holdfast job run --help\n"},
		{"an unknown command", "jobb run", "", nil, exitUsage, "holdfast: there is no command \"jobb\"; did you mean job?\nSee: holdfast --help\n"},
		{"an unknown command of a group", "job rum", "", nil, exitUsage, "holdfast: there is no command \"rum\" under \"holdfast job\"; did you mean run?\nSee: holdfast job --help\n"},
		{"an unknown flag", "job run Daily --wacth", "", nil, exitUsage, "holdfast: there is no flag --wacth\nSee: holdfast job run --help\n"},
		{"a flag without its value", "job list --output", "", nil, exitUsage, "holdfast: --output needs a value\nSee: holdfast job list --help\n"},
		{"a name nobody has", "job run Dayly", "", nil, exitFailed, "holdfast: no job is called \"Dayly\"; there is Daily, Board.\n"},
		{
			"a name that two have", "job create J --mailbox Info --repository Vault", "", nil, exitFailed,
			"holdfast: \"Info\" can be more than one mailbox: info@contoso.com (Info, id mb-info1), info@fabrikam.com (Info, id mb-info2). Use the id.\n",
		},
		{
			"a field of the request", "job create J --account Contoso --repository Vault --max-tasks -1", "", nil, exitUsage,
			"holdfast: --max-tasks: must not be negative.\n",
		},
		{"a field that is an argument", "token create x", "CreateToken", fault.InvalidField("name", "must be new"), exitUsage, "holdfast: NAME: must be new.\n"},
		{
			"Microsoft's no", "account test Contoso", "TestAccount", graph, exitFailed,
			"holdfast: the client secret is wrong or has expired. (request-id 5b1c-77)\n",
		},
		{
			"a wrong passphrase", "repository attach Vault", "AttachRepository", fault.New(fault.Unauthorized, "the passphrase is wrong"), exitFailed,
			"holdfast: the passphrase is wrong.\n",
		},
		{
			"a field within a list", "job create J --account Contoso --repository Vault", "CreateJob",
			fault.InvalidField("job.source.items[0].mailbox_id", "there is no mailbox \"x\""), exitUsage,
			"holdfast: --account or --mailbox: there is no mailbox \"x\".\n",
		},
		{"being told to wait", "job list", "ListJobs", throttled, exitFailed, "holdfast: too many sign-ins. Try again in 40 s.\n"},
		{
			"not being allowed", "job delete Daily --yes", "DeleteJob", fault.New(fault.Denied, "auditors may not delete jobs"), exitFailed,
			"holdfast: auditors may not delete jobs.\n",
		},
		{"a state that forbids it", "job run Daily", "RunJob", fault.New(fault.Conflict, "Daily is running already"), exitFailed, "holdfast: Daily is running already.\n"},
		{
			"something out of the Director's reach", "repository show Vault", "GetRepository", fault.New(fault.Unavailable, "site-b does not answer"), exitFailed,
			"holdfast: site-b does not answer. Trying again later may help.\n",
		},
		{"something that steers terminals", "job run Daily", "RunJob", fault.New(fault.Conflict, "\x1b[2J"), exitFailed, "holdfast: \ufffd[2J.\n"},
		{
			"no confirmation", "job delete Daily", "", nil, exitUsage,
			"holdfast: Delete the job Daily? Its backups stay. Say --yes to go on; nothing was changed\nSee: holdfast job delete --help\n",
		},
		{
			"a missing secret", "account add X --tenant-id a --client-id b", "", nil, exitUsage,
			"holdfast: the client secret is missing: give --secret-file, --secret-stdin or HOLDFAST_CLIENT_SECRET\nSee: holdfast account add --help\n",
		},
		{"an update of nothing", "job update Daily", "", nil, exitUsage, "holdfast: nothing to change: say what with a flag\nSee: holdfast job update --help\n"},
		{
			"no recovery target", "recover pt-anna-1 --to-account Contoso", "", nil, exitUsage,
			"holdfast: --to-account needs --to-mailbox: say which mailbox of Contoso\nSee: holdfast recover --help\n",
		},
		{
			"a folder and a message", "recover pt-anna-1 --folder Inbox --message m1", "", nil, exitUsage,
			"holdfast: give --folder or --message, not both: a folder brings back all that is in it; to say where a message lies, " +
				"write --message FOLDER:ID\nSee: holdfast recover --help\n",
		},
		{
			"data without its name", "repository remove Vault --delete-data --yes", "", nil, exitUsage,
			"holdfast: --delete-data needs --confirm-name with the repository's name\nSee: holdfast repository remove --help\n",
		},
		{
			"data with a wrong name", "repository remove Vault --delete-data --confirm-name Plain", "", nil, exitUsage,
			"holdfast: --confirm-name: \"Plain\" is not the name of this repository; nothing was deleted.\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			if tc.call != "" {
				s.d.fail[tc.call] = tc.err
			}
			r := s.run(words(tc.line)...)
			if r.code != tc.code || r.errors != tc.want {
				t.Errorf("got exit %d and\n%q\nwant exit %d and\n%q", r.code, r.errors, tc.code, tc.want)
			}
			if r.out != "" {
				t.Errorf("got %q on standard output, want nothing", r.out)
			}
		})
	}
}

func TestEveryWayOfNotReachingADirector(t *testing.T) {
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	other.EnableHTTP2 = true
	other.StartTLS()
	defer other.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for _, tc := range []struct {
		name string
		set  func(s *shell)
		args []string
		code int
		want string
	}{
		{"nobody listens", func(s *shell) { s.env["HOLDFAST_DIRECTOR"] = closed.URL }, nil, exitUnreachable, "the connection was refused"},
		{"it speaks no TLS", func(s *shell) { s.env["HOLDFAST_DIRECTOR"] = strings.Replace(plain.URL, "http:", "https:", 1) }, nil, exitUnreachable, "does not speak HTTPS"},
		{"it is something else", func(s *shell) { s.env["HOLDFAST_DIRECTOR"] = other.URL }, nil, exitUnreachable, "not like a Holdfast Director"},
		{"it never answers", func(s *shell) { s.env["HOLDFAST_DIRECTOR"] = "https://" + mute.Addr().String() }, []string{"--timeout", "50ms"}, exitUnreachable, "did not answer within 50 ms"},
		{"its certificate is unknown", func(s *shell) { delete(s.env, "HOLDFAST_CA") }, nil, exitUnreachable, "is not known here. Run \"holdfast login\""},
		{"its certificate changed", func(s *shell) {
			delete(s.env, "HOLDFAST_CA")
			s.env["HOLDFAST_FINGERPRINT"] = strings.Repeat("ab", 32)
		}, nil, exitUnreachable, "shows another certificate"},
		{"its name is another", func(s *shell) {
			s.env["HOLDFAST_DIRECTOR"] = strings.Replace(s.d.server.URL, "127.0.0.1", "localhost", 1)
		}, nil, exitUnreachable, "is for another name"},
		{"plain HTTP is asked for", func(s *shell) { s.env["HOLDFAST_DIRECTOR"] = plain.URL }, nil, exitUsage, "by https only"},
		{"no token", func(s *shell) { delete(s.env, "HOLDFAST_TOKEN") }, nil, exitNotSignedIn, "Sign in with: holdfast login"},
		{"an old token", func(s *shell) { s.env["HOLDFAST_TOKEN"] = "old" }, nil, exitNotSignedIn, "the session has ended. The token came from HOLDFAST_TOKEN"},
		{"no token file", nil, []string{"--token-file", "/nowhere"}, exitNotSignedIn, "/nowhere: no such file"},
		{"a CA file that is none", nil, []string{"--ca", "/dev/null"}, exitUsage, "no certificate in PEM form"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			if tc.set != nil {
				tc.set(s)
			}
			r := s.run(append([]string{"job", "list"}, tc.args...)...)
			if r.code != tc.code || !strings.Contains(r.errors, tc.want) {
				t.Errorf("got exit %d and %q, want exit %d and %q", r.code, r.errors, tc.code, tc.want)
			}
			for _, jargon := range []string{"unavailable:", "rpc", "code =", "goroutine", "deadline_exceeded", "Post \""} {
				if strings.Contains(r.errors, jargon) {
					t.Errorf("%q is no word for an operator: %s", jargon, r.errors)
				}
			}
		})
	}
}

func TestControlCEndsACallAtOnce(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := s.runContext(ctx, "job", "list"); r.code != exitInterrupted {
		t.Errorf("got exit %d and %q, want %d", r.code, r.errors, exitInterrupted)
	}
}
