package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `holdfast works a Holdfast Director from a shell: Microsoft 365 accounts,
Transporters, repositories, backup jobs and recoveries.

Start with "holdfast login". Wherever a name is asked for, an id will do too.
Every command takes -o json, for scripts; see also "holdfast help exit-codes".`

const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if not .HasParent}}

Help on more:
  holdfast help exit-codes   what the exit codes mean
  holdfast help environment  flags, environment and files that name the Director{{else if .Runnable}}

Flags that every command takes: holdfast --help{{end}}
`

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}{{end}}
{{if or .Runnable .HasAvailableSubCommands}}
{{.UsageString}}{{end}}`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use: "holdfast", Short: "Work a Holdfast Director from a shell", Long: rootLong,
		Example:       "  holdfast login backup.example.com\n  holdfast job run Daily --watch\n  holdfast recover anna@contoso.com --plan",
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              showHelp,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			_, err := a.format() // A wrong --output is said before anything is done.
			return err
		},
	}
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetIn(a.Stdin)
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%s", flagSentence(err)) })
	a.globalFlags(root)
	root.AddCommand(
		newVersion(a), newLogin(a), newLogout(a), newUser(a), newSessions(a), newToken(a), newAudit(a), newAccount(a), newMailbox(a), newTransporter(a),
		newRepository(a), newJob(a), newRun(a), newPoint(a), newFolder(a), newMessage(a), newSearch(a), newSearchIndex(a), newRecover(a), newPlan(a), newUndo(a), newDrill(a), newExport(a), newActivity(a),
		newCompletion(a), newExitCodes(), newEnvironmentHelp(), newSettings(a), newSystem(a), newReport(a), newConfig(a),
		newStatus(a), newCalendar(a), newSupportBundle(a),
	)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Short, c.Long = "Help on any command", "Help on any command: holdfast help COMMAND."
			c.Example = "  holdfast help job create"
		}
	}
	wrapArgs(root)
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.flags.director, "director", "", "`address` of the Director (HOLDFAST_DIRECTOR)")
	f.StringVar(&a.flags.tokenFile, "token-file", "", "`file` with the token to use (HOLDFAST_TOKEN_FILE)")
	f.StringVar(&a.flags.ca, "ca", "", "PEM `file` of the CA that signed the Director's certificate (HOLDFAST_CA)")
	f.StringVar(&a.flags.fingerprint, "fingerprint", "", "trust exactly the certificate with this SHA-256 `fingerprint` (HOLDFAST_FINGERPRINT)")
	f.StringVar(&a.flags.config, "config", "", "configuration `file` (HOLDFAST_CONFIG)")
	f.StringVarP(&a.flags.output, "output", "o", "", "`format` of the output: table, json or yaml (HOLDFAST_OUTPUT)")
	f.DurationVar(&a.flags.timeout, "timeout", 0, "how long to wait for one answer of the Director, a `time` like 90s (HOLDFAST_TIMEOUT; 2m when not given)")
	f.BoolVarP(&a.flags.yes, "yes", "y", false, "do not ask before something is removed")
	f.BoolP("help", "h", false, "show this help")
	_ = root.RegisterFlagCompletionFunc("output", fixed(asTable, asJSON, asYAML))
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, RunE: showHelp}
	c.AddCommand(commands...)
	return c
}

func showHelp(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	text := "there is no command \"" + args[0] + "\" under \"" + cmd.CommandPath() + "\""
	if !cmd.HasParent() {
		text = "there is no command \"" + args[0] + "\""
	}
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		text += "; did you mean " + strings.Join(s, " or ") + "?"
	}
	return usageError{text}
}

// wrapArgs makes every complaint about arguments a usage error in plain words, and lets unknown commands reach
// showHelp.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	switch {
	case cmd.HasSubCommands():
		cmd.Args = cobra.ArbitraryArgs
	case check == nil:
		cmd.Args = takes(0, 0)
	}
	for _, c := range cmd.Commands() {
		if c.Name() != "help" {
			wrapArgs(c)
		}
	}
}

// takes checks the number of arguments and names those that miss, as they are written in the usage line; most -1 is any
// number.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, w := range strings.Fields(cmd.Use)[1:] {
			if strings.ToUpper(w) == w {
				names = append(names, strings.Trim(w, "[]."))
			}
		}
		if len(args) < least {
			missing := names[min(len(args), len(names)):min(least, len(names))]
			return usagef("%s: %s missing", cmd.CommandPath(), strings.Join(missing, " and ")+" "+plural(len(missing), "is", "are"))
		}
		if most >= 0 && len(args) > most {
			return usagef("%s: %q is too much on the command line; quote names that have spaces", cmd.CommandPath(), args[most])
		}
		return nil
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func flagSentence(err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "unknown flag: "); ok {
		return "there is no flag " + name
	}
	if rest, ok := strings.CutPrefix(text, "unknown shorthand flag: "); ok {
		return "there is no flag " + rest
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return name + " needs a value"
	}
	return text
}

func newEnvironmentHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "environment",
		Short: "Flags, environment and files that name the Director",
		Long: `What is not on the command line is taken from the environment, then from the
configuration file, then from the last login:

  --director     HOLDFAST_DIRECTOR     director      localhost when nowhere given
  --token-file   HOLDFAST_TOKEN_FILE   token_file
                 HOLDFAST_TOKEN                      the token itself
  --ca           HOLDFAST_CA           ca
  --fingerprint  HOLDFAST_FINGERPRINT  fingerprint
  --output       HOLDFAST_OUTPUT       output        table, json or yaml
  --timeout      HOLDFAST_TIMEOUT      timeout       like 90s or 5m
  --config       HOLDFAST_CONFIG

The configuration file is config.yaml in the folder "holdfast" of the user's
configuration folder: ~/.config on Linux, ~/Library/Application Support on
macOS, %AppData% on Windows. An unknown key in it is an error. For example:

  director: https://backup.example.com:4443
  ca: /etc/holdfast/director-ca.pem

"holdfast login" keeps its session in session.yaml beside it, readable by its
owner only. On the Director's own machine no login is needed: give
--token-file with the file cli-token of the Director's data folder.

Secrets are never flags. They come from a file (--secret-file), from standard
input (--secret-stdin), from the environment (HOLDFAST_CLIENT_SECRET,
HOLDFAST_CERTIFICATE_PASSWORD, HOLDFAST_PASSPHRASE, HOLDFAST_PAIRING_CODE,
HOLDFAST_MAIL_PASSWORD, HOLDFAST_WEBHOOK_SECRET, HOLDFAST_PASSWORD) or, on a
terminal, from a question without echo.`,
	}
}
