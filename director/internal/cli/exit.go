package cli

import "github.com/spf13/cobra"

// Exit codes. Scripts branch on them: a number never changes its meaning.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitUnreachable = 4
	exitNotSignedIn = 5
	exitChanges     = 6
	exitInterrupted = 130
)

// outcome is the result of something that was watched to its end: it has been printed already, only the code is left.
type outcome struct{ code int }

func (o outcome) Error() string { return "ended with losses or failed" }

func newExitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `Every command ends with one of these codes:

  0    It worked. What was watched ended without any loss.
  1    It failed, or what was watched failed or was stopped. Also: a test found
       something missing that is required, a verify or a repair found damage.
  2    The command line is wrong, or the Director refused a value in it.
       Nothing was changed.
  3    What was watched finished with losses: everything else is safe, and the
       list of losses says what is not and why.
  4    The Director cannot be reached, or its certificate is not trusted.
  5    Not signed in: no login, a wrong password, or the session has ended.
  6    "config plan" found something to do; with nothing to do it ends with 0.
  130  Ctrl-C. What was being watched goes on.

"job run", "recover" and what is done to a repository end with 0 as soon as the
work has started, unless --watch is given.`,
	}
}
