package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// jobHelp says how to name where mailboxes go, and what scripts are given.
const jobHelp = `All mailboxes go to --repository, except those of an account or single ones that
have another. Where one goes can be changed: from the next run on it is backed up
anew in the other repository, and its old recovery points stay where they are.

Scripts run on the Director's machine. Besides --before-env and --after-env they
find HOLDFAST_… variables about the job and its run. Values are kept as they are
given: leave secrets in files of the script's own.

`

// scriptFlags are the flags of the script before or after a run.
type scriptFlags struct {
	prefix             string
	path, interpreter  string
	args, env          []string
	required, detached bool
	timeout            time.Duration
}

func (s *scriptFlags) register(cmd *cobra.Command, prefix string) {
	s.prefix = prefix
	fl := cmd.Flags()
	fl.StringVar(&s.path, prefix+"-script", "", "run this `file` on the Director's machine "+prefix+" each run")
	fl.StringVar(&s.interpreter, prefix+"-interpreter", "", "run it by this `file`, like /bin/sh")
	fl.StringArrayVar(&s.args, prefix+"-arg", nil, "give it this `argument`; may be repeated")
	fl.StringArrayVar(&s.env, prefix+"-env", nil, "set a variable for it, `NAME=VALUE`; may be repeated")
	fl.BoolVar(&s.required, prefix+"-required", false, "its failure fails the run")
	fl.BoolVar(&s.detached, prefix+"-detached", false, "do not wait for its end")
	fl.DurationVar(&s.timeout, prefix+"-timeout", 0, "end it after this `time`, like 10m; an hour when not given")
	field := "job." + prefix
	mapFields(cmd, field, "--"+prefix+"-script", field+".path", "--"+prefix+"-script", field+".interpreter", "--"+prefix+"-interpreter",
		field+".arguments", "--"+prefix+"-arg", field+".environment", "--"+prefix+"-env", field+".required", "--"+prefix+"-required",
		field+".timeout_seconds", "--"+prefix+"-timeout")
}

// apply returns the script as the flags change it; nil for none.
func (s *scriptFlags) apply(fl *pflag.FlagSet, old *pb.Script, draft bool) (*pb.Script, error) {
	changed := func(name string) bool { return fl.Changed(s.prefix + "-" + name) }
	more := false
	for _, name := range []string{"interpreter", "arg", "env", "required", "detached", "timeout"} {
		more = more || changed(name)
	}
	if changed("script") && s.path == "" && !more {
		return nil, nil //nolint:nilnil // no script is what was asked for
	}
	if !changed("script") && !more {
		return old, nil
	}
	if old == nil {
		old = &pb.Script{}
	}
	if changed("script") {
		old.Path = s.path
	}
	if old.GetPath() == "" && !draft {
		return nil, usagef("say with --%s-script what is run", s.prefix)
	}
	for name, set := range map[string]func(){
		"interpreter": func() { old.Interpreter = s.interpreter },
		"arg":         func() { old.Arguments = someOf(s.args) },
		"required":    func() { old.Required = s.required },
		"detached":    func() { old.Detached = s.detached },
		"timeout":     func() { old.TimeoutSeconds = int32(min(s.timeout/time.Second, 1<<30)) },
	} {
		if changed(name) {
			set()
		}
	}
	if changed("timeout") && s.timeout != 0 && s.timeout < time.Second {
		return nil, usagef("--%s-timeout is at least a second", s.prefix)
	}
	if changed("env") {
		old.Environment = map[string]string{}
		for _, v := range someOf(s.env) {
			name, value, ok := strings.Cut(v, "=")
			if !ok {
				return nil, usagef("--%s-env takes NAME=VALUE", s.prefix)
			}
			old.Environment[name] = value
		}
	}
	return old, nil
}

// someOf is a list that one empty value empties.
func someOf(list []string) []string {
	if len(list) == 1 && list[0] == "" {
		return nil
	}
	return list
}

// tellFlags are the flags of reports, and of what a run does about failures.
type tellFlags struct {
	to           []string
	when         string
	retries      int32
	retryAfter   time.Duration
	whenDetached string
}

func (t *tellFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&t.to, "report-to", nil, "send a report of each run to this `address`, or several with ; between; may be repeated")
	fl.StringVar(&t.when, "report-when", "", "of which `ends`: always, not-successful or failed")
	fl.Int32Var(&t.retries, "retries", 1, "try mailboxes that failed again within the run, this `number` of times")
	fl.DurationVar(&t.retryAfter, "retry-after", 5*time.Minute, "wait this `time` before that, in whole minutes")
	fl.StringVar(&t.whenDetached, "when-detached", "", "what a run `does` that meets a detached repository: fail or wait")
	complete(cmd, "report-when", fixed("always", "not-successful", "failed"))
	complete(cmd, "when-detached", fixed("fail", "wait"))
	mapFields(cmd, "job.reports", "--report-to", "job.reports.addresses", "--report-to", "job.reports.when", "--report-when",
		"job.options.retries", "--retries", "job.options.retry_minutes", "--retry-after", "job.options.when_detached", "--when-detached")
}

// applyTell writes the flags of scripts, reports and retries that were given into j.
func (f *jobFlags) applyTell(fl *pflag.FlagSet, j *pb.Job) (err error) {
	if j.Before, err = f.before.apply(fl, j.Before, j.GetDraft()); err != nil {
		return err
	}
	if j.After, err = f.after.apply(fl, j.After, j.GetDraft()); err != nil {
		return err
	}
	t := &f.tell
	if j.Reports == nil && (fl.Changed("report-to") || fl.Changed("report-when")) {
		j.Reports = &pb.Reports{}
	}
	if fl.Changed("report-to") {
		j.Reports.Addresses = nil
		for _, text := range t.to {
			for _, one := range strings.Split(text, ";") {
				if one = strings.TrimSpace(one); one != "" {
					j.Reports.Addresses = append(j.Reports.Addresses, one)
				}
			}
		}
	}
	if fl.Changed("report-when") {
		n, ok := pb.ReportWhen_value["REPORT_WHEN_"+enumWord(t.when)]
		if !ok || n == 0 {
			return usagef("--report-when is always, not-successful or failed, not %q", t.when)
		}
		j.Reports.When = pb.ReportWhen(n)
	}
	if fl.Changed("retries") {
		j.Options.Retries = &t.retries
	}
	if fl.Changed("retry-after") {
		if t.retryAfter < time.Minute || t.retryAfter%time.Minute != 0 {
			return usagef("--retry-after is in whole minutes, at least one")
		}
		j.Options.RetryMinutes = int32(min(t.retryAfter/time.Minute, 1<<30))
	}
	if fl.Changed("when-detached") {
		n, ok := pb.WhenDetached_value["WHEN_DETACHED_"+enumWord(t.whenDetached)]
		if !ok || n == 0 {
			return usagef("--when-detached is fail or wait, not %q", t.whenDetached)
		}
		j.Options.WhenDetached = pb.WhenDetached(n)
	}
	return nil
}

// enumWord is a word of the command line as it is in a name of the API.
func enumWord(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "-", "_")) }
