package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the versions of this program and of the Director",
		Long:    "Shows the version of this program and, when a Director is named, that of the\nDirector. No login is needed.",
		Example: "  holdfast version",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runVersion(cmd.Context(), a) },
	}
}

func runVersion(ctx context.Context, a *app) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if f == asTable {
		if err := a.say("holdfast %s", a.Version); err != nil {
			return err
		}
	}
	s, err := a.loadSettings()
	if err != nil {
		return err
	}
	if !s.named && f == asTable {
		return nil
	}
	r, err := a.dial(s, s.trust.tlsConfig()).GetVersion(ctx, &pb.GetVersionRequest{})
	if err != nil {
		return err
	}
	return a.done(r, "Director %s at %s", r.GetVersion(), s.director)
}
