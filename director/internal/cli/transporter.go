package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newTransporter(a *app) *cobra.Command {
	return group("transporter", "The machines that do the work", newTransporterPair(a), newTransporterList(a),
		newTransporterRefresh(a), newTransporterTest(a), newTransporterUpdate(a), newTransporterRemove(a))
}

type pairFlags struct {
	transferHost string
	code         secretFlags
}

func newTransporterPair(a *app) *cobra.Command {
	f := &pairFlags{code: secretFlags{name: "code", what: "pairing code", env: "HOLDFAST_PAIRING_CODE"}}
	cmd := &cobra.Command{
		Use: "pair NAME ADDRESS", Short: "Add a Transporter",
		Long: `Adds a Transporter by its address and the pairing code that it prints when it
starts for the first time. The code carries the fingerprint of the Transporter's
certificate, so nobody in between can take its place.`,
		Example: "  holdfast transporter pair site-a 192.0.2.10:9446 --code-file code.txt",
		Args:    takes(2, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return runTransporterPair(cmd.Context(), a, f, args) },
	}
	f.code.register(cmd.Flags())
	cmd.Flags().StringVar(&f.transferHost, "transfer-host", "", "`host` that other Transporters dial for transfers; that of ADDRESS when not given")
	mapFields(cmd, "name", "NAME", "address", "ADDRESS", "pairing_code", "--code-file", "transfer_host", "--transfer-host")
	return cmd
}

func runTransporterPair(ctx context.Context, a *app, f *pairFlags, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	code, err := a.secret(ctx, &f.code)
	if err != nil {
		return err
	}
	r, err := c.PairTransporter(ctx, &pb.PairTransporterRequest{
		Name: args[0], Address: args[1], PairingCode: code, TransferHost: f.transferHost,
	})
	if err != nil {
		return err
	}
	t := r.GetTransporter()
	return a.done(r, "Paired %s at %s (id %s, version %s).", t.GetName(), t.GetAddress(), t.GetId(), orDash(t.GetVersion()))
}

func newTransporterList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the Transporters", Example: "  holdfast transporter list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runTransporterList(cmd.Context(), a) },
	}
}

func runTransporterList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListTransporters(ctx, &pb.ListTransportersRequest{})
	if err != nil {
		return err
	}
	t := newTable("NAME", "ADDRESS", "STATE", "TASKS", "FREE", "VERSION", "SYSTEM", "SEEN", "ID").numbers(4)
	for _, x := range r.GetTransporters() {
		t.row(x.GetName(), x.GetAddress(), transporterState(x), tasksOf(x), freeOf(x), orDash(x.GetVersion()), systemOf(x), a.when(x.GetSeen()), x.GetId())
	}
	if err := a.list(r, t, "No Transporters yet. Add one with: holdfast transporter pair"); err != nil {
		return err
	}
	for _, x := range r.GetTransporters() {
		if x.GetError() != "" {
			a.note("%s: %s", x.GetName(), x.GetError())
		}
	}
	return nil
}

// maxClockDifference is above what two synchronised clocks show.
const maxClockDifference = 5 * time.Second

func transporterState(x *pb.Transporter) string {
	if !x.GetReachable() {
		return "out of reach"
	}
	d := time.Duration(x.GetClockDifferenceMs()) * time.Millisecond
	switch {
	case d > maxClockDifference:
		return "ready, clock " + duration(d) + " fast"
	case d < -maxClockDifference:
		return "ready, clock " + duration(-d) + " slow"
	}
	return "ready"
}

func tasksOf(x *pb.Transporter) string {
	if x.GetMaxTasks() == 0 {
		return count(int64(x.GetTasksRunning()))
	}
	return count(int64(x.GetTasksRunning())) + " of " + count(int64(x.GetMaxTasks()))
}

// freeOf is the free space of the disk with the data folder.
func freeOf(x *pb.Transporter) string {
	if x.GetTotalBytes() == 0 {
		return "-"
	}
	return size(x.GetFreeBytes())
}

func systemOf(x *pb.Transporter) string {
	if x.GetOs() == "" {
		return "-"
	}
	return x.GetOs() + "/" + x.GetArch()
}

func newTransporterRefresh(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "refresh TRANSPORTER", Short: "Ask a Transporter for its state now",
		Example: "  holdfast transporter refresh site-a", Args: takes(1, 1), ValidArgsFunction: a.names(transporterNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runTransporterRefresh(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "transporter_id", "TRANSPORTER")
	return cmd
}

func runTransporterRefresh(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.transporter(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.RefreshTransporter(ctx, &pb.RefreshTransporterRequest{TransporterId: x.GetId()})
	if err != nil {
		return err
	}
	if err := a.print(r, func() error { return a.transporterFacts(r.GetTransporter()).write(a.Stdout) }); err != nil {
		return err
	}
	if !r.GetTransporter().GetReachable() {
		return outcome{exitFailed}
	}
	return nil
}

func (a *app) transporterFacts(x *pb.Transporter) facts {
	var f facts
	f.add("name", "%s", x.GetName())
	f.add("id", "%s", x.GetId())
	f.add("address", "%s", x.GetAddress())
	f.some("transfer host", x.GetTransferHost())
	f.add("state", "%s", transporterState(x))
	f.some("error", x.GetError())
	f.add("tasks", "%s", tasksOf(x))
	f.some("host", x.GetHostname())
	f.some("system", systemOf(x))
	f.some("version", x.GetVersion())
	f.some("certificate ends", a.when(x.GetCertificateExpires()))
	f.some("last seen", a.when(x.GetSeen()))
	return f
}

type transporterFlags struct {
	name, address, transferHost string
	maxTasks                    int32
}

func newTransporterUpdate(a *app) *cobra.Command {
	f := &transporterFlags{}
	cmd := &cobra.Command{
		Use: "update TRANSPORTER", Short: "Change a Transporter's name, address or load",
		Example: "  holdfast transporter update site-a --max-tasks 5", Args: takes(1, 1), ValidArgsFunction: a.names(transporterNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTransporterUpdate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "new `name`")
	fl.StringVar(&f.address, "address", "", "new `host:port`")
	fl.StringVar(&f.transferHost, "transfer-host", "", "`host` that other Transporters dial; empty takes that of the address")
	fl.Int32Var(&f.maxTasks, "max-tasks", 0, "most tasks at once, a `number`; 0 for no limit of its own")
	mapFields(cmd, "transporter.name", "--name", "transporter.address", "--address", "transporter.transfer_host", "--transfer-host",
		"transporter.max_tasks", "--max-tasks", "transporter.id", "TRANSPORTER")
	return cmd
}

func runTransporterUpdate(ctx context.Context, a *app, f *transporterFlags, fl *pflag.FlagSet, ref string) error {
	if err := anyChanged(fl); err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.transporter(ctx, ref)
	if err != nil {
		return err
	}
	if fl.Changed("name") {
		x.Name = f.name
	}
	if fl.Changed("address") {
		x.Address = f.address
	}
	if fl.Changed("transfer-host") {
		x.TransferHost = f.transferHost
	}
	if fl.Changed("max-tasks") {
		x.MaxTasks = f.maxTasks
	}
	r, err := c.UpdateTransporter(ctx, &pb.UpdateTransporterRequest{Transporter: x})
	if err != nil {
		return err
	}
	return a.done(r, "Changed %s.", r.GetTransporter().GetName())
}

func newTransporterRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove TRANSPORTER", Short: "Remove a Transporter",
		Long:    "Removes a Transporter from the inventory; it then prints a new pairing code.",
		Example: "  holdfast transporter remove site-a --yes", Args: takes(1, 1), ValidArgsFunction: a.names(transporterNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runTransporterRemove(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "transporter_id", "TRANSPORTER")
	return cmd
}

func runTransporterRemove(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.transporter(ctx, ref)
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, "Remove the Transporter "+x.GetName()+"?"); err != nil {
		return err
	}
	r, err := c.RemoveTransporter(ctx, &pb.RemoveTransporterRequest{TransporterId: x.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Removed %s.", x.GetName())
}
