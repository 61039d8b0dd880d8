// Command graphsim runs the simulated Microsoft 365 tenant as a program. README.md beside the package says how.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "seed" {
		err = seed(ctx, os.Args[2:])
	} else {
		err = serve(ctx, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "graphsim:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, args []string) error {
	var o graphsim.Options
	f := flag.NewFlagSet("graphsim", flag.ExitOnError)
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8443", "address of identity and Graph (TLS)")
	f.StringVar(&o.UploadListen, "upload-listen", "127.0.0.1:8444", "address of the upload host (TLS)")
	f.StringVar(&o.ControlListen, "control-listen", "127.0.0.1:8445", "address of the control endpoint (plain HTTP)")
	f.StringVar(&o.ProxyListen, "proxy-listen", "", "address of a CONNECT proxy for the real host names (default none)")
	f.StringVar(&o.StateDir, "state", "", "directory that keeps everything over a kill (default none)")
	f.StringVar(&o.Tenant, "tenant", graphsim.DefaultTenant, "directory id")
	f.StringVar(&o.Domain, "domain", graphsim.DefaultDomain, "verified domain")
	f.StringVar(&o.CAFile, "ca-file", "", "file to write the CA's certificate to")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of random choices")
	f.DurationVar(&o.Settings.Latency, "latency", 0, "time that every Graph request takes")
	f.DurationVar(&o.Settings.LatencyP99, "latency-p99", 0, "time that one request of a hundred exceeds (default: all take the same)")
	f.DurationVar(&o.Settings.TokenLifetime, "token-lifetime", 0, "lifetime of access tokens (default 1h)")
	throttle := f.String("throttle", "on", "limits of contract 10: on or off")
	names := f.String("names", "", "more names and addresses for the certificate, comma-separated")
	f.Func("app", "id:secret[:role,role…], repeatable (default one app)", func(s string) error {
		p := strings.SplitN(s, ":", 3)
		if len(p) < 2 {
			return fmt.Errorf("want id:secret[:roles]")
		}
		a := graphsim.App{ID: p[0], Secret: p[1]}
		if len(p) == 3 {
			a.Roles = strings.Split(p[2], ",")
		}
		o.Apps = append(o.Apps, a)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	o.Throttle.Off = *throttle == "off"
	if *names != "" {
		o.Names = strings.Split(*names, ",")
	}
	s, err := graphsim.New(o)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.Health()); err != nil {
		return err
	}
	return s.Run(ctx)
}

func seed(ctx context.Context, args []string) error {
	var o graphsim.SeedOptions
	var g corpus.Options
	f := flag.NewFlagSet("graphsim seed", flag.ExitOnError)
	control := f.String("control", "http://127.0.0.1:8445", "control endpoint of the running tenant")
	f.IntVar(&o.Mailboxes, "mailboxes", 0, "mailboxes to spread over, or to generate (default 4)")
	f.IntVar(&g.Messages, "messages", 0, "messages to generate (default 100 a mailbox, or none when importing)")
	f.Int64Var(&g.TotalBytes, "bytes", 0, "total size to generate")
	f.IntVar(&g.HugeSize, "huge", 0, "size of one huge attachment to generate")
	f.StringVar(&g.Domain, "domain", "", "domain of the generated company")
	f.BoolVar(&g.OnlyCarried, "only-carried", false, "generate only what Graph can write back")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the generator")
	f.StringVar(&o.Language, "language", "", "language of default folders: en, de, fr, mixed")
	f.IntVar(&o.Limit, "limit", 0, "most messages to import")
	f.StringVar(&o.Pattern, "pattern", "", "pattern of file names to import")
	var bulk graphsim.Bulk
	f.IntVar(&bulk.Messages, "bulk", 0, "messages in each of the mailboxes, made when they are asked for and never kept in memory")
	f.IntVar(&bulk.Folders, "bulk-folders", 0, "own folders of a mailbox of bulk mail")
	if err := f.Parse(args); err != nil {
		return err
	}
	if bulk.Messages > 0 {
		bulk.Seed = o.Seed
		o.Bulk = &bulk
	}
	o.Import = f.Args()
	if o.Bulk == nil && len(o.Import) == 0 || g.Messages > 0 {
		g.Mailboxes = o.Mailboxes
		o.Generate = &g
	}
	res, err := (&graphsim.Control{URL: *control}).Seed(ctx, o)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(res)
}
