package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newTransporterTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "test TRANSPORTER [OTHER...]", Short: "Try the connections of a Transporter",
		Long: `Tries every way that work takes through a Transporter: from the Director to it,
and between it and other Transporters, both ways, on the ports of transfers.
Without OTHER all Transporters that can be reached are tried.`,
		Example: "  holdfast transporter test site-a\n  holdfast transporter test site-a site-b",
		Args:    takes(1, 100), ValidArgsFunction: a.names(transporterNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runTransporterTest(cmd.Context(), a, args) },
	}
}

func runTransporterTest(ctx context.Context, a *app, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.TestTransporterRequest{}
	for n, ref := range args {
		x, err := c.transporter(ctx, ref)
		if err != nil {
			return err
		}
		if n == 0 {
			req.TransporterId = x.GetId()
		} else {
			req.OtherIds = append(req.OtherIds, x.GetId())
		}
	}
	r, err := c.TestTransporter(ctx, req)
	if err != nil {
		return err
	}
	broken := false
	t := newTable("FROM", "TO", "ADDRESS", "RESULT")
	for _, w := range r.GetWays() {
		result := "does not work"
		if w.GetError() == "" {
			result = "works, " + (time.Duration(w.GetMicroseconds()) * time.Microsecond).Round(10*time.Microsecond).String()
		}
		broken = broken || w.GetError() != ""
		t.row(w.GetFromName(), w.GetToName(), orDash(w.GetAddress()), result)
	}
	if err := a.list(r, t, "Nothing was tried."); err != nil {
		return err
	}
	for _, w := range r.GetWays() {
		if w.GetError() != "" {
			a.note("%s to %s: %s", w.GetFromName(), w.GetToName(), w.GetError())
		}
	}
	if broken {
		return outcome{exitFailed}
	}
	return nil
}
