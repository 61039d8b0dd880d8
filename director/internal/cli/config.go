package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"holdfast/director/internal/cli/configfile"
	"holdfast/pkg/fault"
)

func newConfig(a *app) *cobra.Command {
	return group("config", "The Director's configuration as a file", newConfigExport(a), newConfigPlan(a), newConfigApply(a))
}

func newConfigExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write the configuration to standard output",
		Long: `Writes accounts, settings of Transporters, repositories, jobs, recovery drills,
notifications, the history and the backup of the Director as one YAML file,
whatever --output says. The same configuration gives the same bytes.

Secrets are not in it: where one is needed the file names a variable of the
environment, which "config apply" reads when it makes the object anew. Arguments
of scripts are written as they are.`,
		Example: "  holdfast config export > holdfast.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runConfigExport(cmd.Context(), a) },
	}
}

func runConfigExport(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	state, err := configfile.Read(ctx, c, nil)
	if err != nil {
		return err
	}
	f, err := configfile.Export(state)
	if err != nil {
		return err
	}
	b, err := f.Encode()
	if err != nil {
		return err
	}
	for _, j := range f.Arguments() {
		a.note("The arguments of the scripts of %s are in the file: look whether there are secrets among them.", j)
	}
	_, err = a.Stdout.Write(b)
	return err
}

type configFlags struct{ configfile.Options }

func (f *configFlags) register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.Prune, "prune", false, "remove what the sections of the file do not name; backups stay")
	fl.BoolVar(&f.RenewSecrets, "renew-secrets", false, "send all secrets that the file refers to, also those that the Director has")
	fl.BoolVar(&f.Attach, "attach", false, "new repositories are folders that hold one already")
	fl.BoolVar(&f.SkipTest, "skip-test", false, "save accounts without testing their credentials")
}

func newConfigPlan(a *app) *cobra.Command {
	f := &configFlags{}
	cmd := &cobra.Command{
		Use: "plan FILE", Short: "Tell what differs from a configuration file",
		Long: `Tells what "config apply" would do to make the Director as the file says, field by
field, and does nothing. "-" reads standard input.

Ends with 0 when there is nothing to do, and with 6 when there is.`,
		Example: "  holdfast config plan holdfast.yaml", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runConfigPlan(cmd.Context(), a, f, args[0]) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runConfigPlan(ctx context.Context, a *app, f *configFlags, path string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, err := a.configPlan(ctx, c, f, path)
	if err != nil {
		return err
	}
	if err := a.printPlan(p); err != nil {
		return err
	}
	if len(p.Steps) > 0 {
		return outcome{exitChanges}
	}
	return nil
}

func (a *app) configPlan(ctx context.Context, c *api, f *configFlags, path string) (*configfile.Plan, error) {
	file, err := a.readConfigFile(path)
	if err != nil {
		return nil, err
	}
	state, err := configfile.Read(ctx, c, file)
	if err != nil {
		return nil, err
	}
	p, err := configfile.Diff(file, state, f.Options)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	return p, nil
}

func (a *app) readConfigFile(path string) (*configfile.File, error) {
	in := a.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usagef("%s: %s.", path, fileSentence(err))
		}
		defer f.Close()
		in = f
	}
	if in == nil {
		in = strings.NewReader("")
	}
	file, err := configfile.Decode(in)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	return file, nil
}

// printPlan lists the steps with their fields, or writes the plan as a document.
func (a *app) printPlan(p *configfile.Plan) error {
	format, err := a.format()
	if err != nil {
		return err
	}
	if format != asTable {
		if p.Steps == nil {
			p.Steps = []configfile.Step{}
		}
		raw, err := json.MarshalIndent(p, "", "  ")
		switch {
		case err != nil:
			return err
		case format == asYAML:
			return toYAML(a.Stdout, raw)
		}
		_, err = fmt.Fprintf(a.Stdout, "%s\n", raw)
		return err
	}
	if len(p.Steps) == 0 {
		return a.say("Nothing to do: the Director is as the file says.")
	}
	var b strings.Builder
	for i := range p.Steps {
		s := &p.Steps[i]
		fmt.Fprintln(&b, clean(s.String()))
		for _, d := range s.Changes {
			fmt.Fprintln(&b, "    "+clean(differenceLine(s.Action, d)))
		}
		if s.Warning != "" {
			fmt.Fprintln(&b, "    ! "+clean(s.Warning))
		}
		for _, x := range s.Secrets {
			fmt.Fprintln(&b, "    needs the "+clean(x))
		}
	}
	_, err = io.WriteString(a.Stdout, b.String())
	return err
}

func differenceLine(action configfile.Action, d configfile.Difference) string {
	if action == configfile.Create || action == configfile.Attach {
		return d.Field + ": " + d.New
	}
	return d.Field + ": " + first(d.Old, "(none)") + " → " + first(d.New, "(none)")
}

func newConfigApply(a *app) *cobra.Command {
	f := &configFlags{}
	cmd := &cobra.Command{
		Use: "apply FILE", Short: "Make the Director as a configuration file says",
		Long: `Shows what differs from the file, asks, and makes the Director as it says. What
the file does not name stays, unless --prune is given; backups always stay, and
Transporters are paired and removed by hand. The second time there is nothing to
do.

A field that is left out gets its default; a section that is left out is passed
over. Secrets are read before anything is changed, from the environment or files
that are named; those that the Director has are kept.

It stops at the first error and says what was done. Apply the file again to go on.`,
		Example: "  holdfast config apply holdfast.yaml\n  holdfast config apply holdfast.yaml --prune --yes",
		Args:    takes(1, 1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runConfigApply(cmd.Context(), a, f, args[0]) },
	}
	f.register(cmd.Flags())
	return cmd
}

func runConfigApply(ctx context.Context, a *app, f *configFlags, path string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, err := a.configPlan(ctx, c, f, path)
	if err != nil {
		return err
	}
	if err := a.printPlan(p); err != nil || len(p.Steps) == 0 {
		return err
	}
	if err := a.confirm(ctx, "Do this ("+counted(int64(len(p.Steps)), "change")+")?"); err != nil {
		return err
	}
	done, err := p.Apply(ctx, c, configfile.World{
		Secret: a.readRef,
		Done:   func(s *configfile.Step) { a.note("Done: %s", s) },
		Note:   func(text string) { a.note("%s", text) },
	})
	if err == nil {
		a.note("All done.")
		return nil
	}
	if done == 0 {
		return err
	}
	for i := range p.Steps[done:] {
		a.note("Not done: %s", &p.Steps[done+i])
	}
	return partly(err)
}

// partly is an error after something was changed: it is not that of a command line which changed nothing.
func partly(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind == fault.Invalid {
		return fault.New(fault.Conflict, "%s", strings.TrimSpace(first(f.Field, "the Director says")+": "+err.Error()))
	}
	return err
}

// maxSecret bounds a file with a secret; a PFX file has a few KiB.
const maxSecret = 1 << 20

// readRef reads a secret that a configuration file refers to.
func (a *app) readRef(r configfile.Ref) (string, error) {
	if r.File == "" {
		return a.Getenv(r.Env), nil
	}
	f, err := os.Open(r.File)
	if err != nil {
		return "", usagef("%s", fileSentence(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(b) > maxSecret {
		err = usagef("it is larger than 1 MiB")
	}
	return string(b), err
}
