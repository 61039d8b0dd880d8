package cli

import (
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// begun is an answer that names the activity that was started.
type begun interface {
	proto.Message
	GetActivityId() string
}

// watchFlag is --watch of a command that starts an activity.
type watchFlag struct{ watch bool }

func (f *watchFlag) register(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "show the progress and wait for the end")
}

// started tells of an activity that was started, or watches it to its end.
func (f *watchFlag) started(ctx context.Context, a *app, c *api, answer begun) error {
	if f.watch {
		return a.watchActivity(ctx, c, answer.GetActivityId(), true)
	}
	return a.done(answer, "Started. Watch it with: holdfast activity watch %s", answer.GetActivityId())
}

// upkeepCommand is a command that starts an activity on one repository.
func upkeepCommand(a *app, cmd *cobra.Command, start func(ctx context.Context, c *api, id string) (begun, error)) *cobra.Command {
	f := &watchFlag{}
	f.register(cmd)
	cmd.Args, cmd.ValidArgsFunction = takes(1, 1), a.names(repositoryNames)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		c, err := a.connect()
		if err != nil {
			return err
		}
		x, err := c.repository(ctx, args[0])
		if err != nil {
			return err
		}
		answer, err := start(ctx, c, x.GetId())
		if err != nil {
			return err
		}
		return f.started(ctx, a, c, answer)
	}
	mapFields(cmd, "repository_id", "REPOSITORY")
	return cmd
}

func newRepositoryReclaim(a *app) *cobra.Command {
	return upkeepCommand(a, &cobra.Command{
		Use: "reclaim REPOSITORY", Short: "Free the space of what was deleted",
		Long: "Frees the space that no recovery point needs any more: deleting points does not\n" +
			"free it by itself. Backups and recoveries go on meanwhile. It may be stopped at\n" +
			"any time; what it has freed stays freed.",
		Example: "  holdfast repository reclaim Vault --watch",
	}, func(ctx context.Context, c *api, id string) (begun, error) {
		return c.ReclaimRepository(ctx, &pb.ReclaimRepositoryRequest{RepositoryId: id})
	})
}

func newRepositorySurvey(a *app) *cobra.Command {
	return upkeepCommand(a, &cobra.Command{
		Use: "survey REPOSITORY", Short: "Find out what takes the space, and what is garbage",
		Long: "Walks all recovery points to find out how much of the repository is needed, how\n" +
			"much is garbage that \"holdfast repository reclaim\" would free, and what each\n" +
			"mailbox takes. \"holdfast repository show\" has the result.",
		Example: "  holdfast repository survey Vault --watch",
	}, func(ctx context.Context, c *api, id string) (begun, error) {
		return c.SurveyRepository(ctx, &pb.SurveyRepositoryRequest{RepositoryId: id})
	})
}

// garbage tells what the last survey found.
func (a *app) garbage(f *facts, x *pb.Repository) {
	s := x.GetSurvey()
	if s == nil {
		f.add("garbage", "not known; find out with: holdfast repository survey %s", x.GetName())
		return
	}
	f.add("garbage", "%s, and %s needed, as of %s", size(s.GetGarbageBytes()), size(s.GetNeededBytes()), a.when(s.GetTaken()))
	if s.GetUnreadable() > 0 {
		f.add("unreadable", "%s; see: holdfast repository verify %s", counted(s.GetUnreadable(), "part"), x.GetName())
	}
}

// backupSizes lists what each mailbox takes.
func (a *app) backupSizes(ctx context.Context, c *api, id string, limit int32) error {
	r, err := c.ListBackups(ctx, &pb.ListBackupsRequest{RepositoryId: id, Limit: limit})
	if err != nil {
		return err
	}
	t := newTable("MAILBOX", "JOB", "POINTS", "MESSAGES", "MAIL", "IN ALL POINTS", "STORED", "ALONE").numbers(2, 3, 4, 5, 6, 7)
	for _, b := range r.GetBackups() {
		held, alone := "-", "-"
		if b.GetSurveyed() != nil {
			held, alone = size(b.GetHeldBytes()), size(b.GetAloneBytes())
		}
		t.row(first(b.GetMailboxAddress(), b.GetMailboxName(), b.GetMailboxId()), first(b.GetJobName(), b.GetJobId()), count(b.GetPoints()),
			count(b.GetMessages()), size(b.GetLogicalBytes()), size(b.GetLogicalAllBytes()), held, alone)
	}
	if err := a.list(r, t, "No backups yet."); err != nil {
		return err
	}
	if more := r.GetTotal() - int64(len(r.GetBackups())); more > 0 {
		a.note("Not listed: %s, none of them larger.", counted(more, "backup"))
	}
	return nil
}

func newRepositoryRepair(a *app) *cobra.Command {
	return upkeepCommand(a, &cobra.Command{
		Use: "repair REPOSITORY", Short: "Put right what is damaged, as far as it can be",
		Long: "Reads all data, keeps what is whole of damaged files and sets those aside, so that\n" +
			"everything else can be read. What is lost the next run of a job reads again from\n" +
			"the mailbox, as far as it is still there. Backups and recoveries go on meanwhile.",
		Example: "  holdfast repository repair Vault --watch",
	}, func(ctx context.Context, c *api, id string) (begun, error) {
		return c.RepairRepository(ctx, &pb.RepairRepositoryRequest{RepositoryId: id})
	})
}

type repositoryCopyFlags struct {
	account, mailbox, job string
	points                []string
	newest, thorough      bool
	watchFlag
}

func newRepositoryCopy(a *app) *cobra.Command {
	f := &repositoryCopyFlags{}
	cmd := &cobra.Command{
		Use: "copy FROM TO", Short: "Copy recovery points to another repository",
		Long: `Copies recovery points to another repository of the same Transporter, which gets
only what it lacks. Compression and encryption of the two may differ. What is
there already is passed over, so a copy that was stopped is simply started again.
A point that was deleted from TO does not come back. A point that is damaged in
FROM is left out and named; the others are copied.`,
		Example: "  holdfast repository copy Vault Plain --watch\n" +
			"  holdfast repository copy Vault Plain --mailbox anna@contoso.com --newest",
		Args: takes(2, 2), ValidArgsFunction: a.namesAt(repositoryNames, repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryCopy(cmd.Context(), a, f, args[0], args[1])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.account, "account", "", "only of this `account`")
	fl.StringVar(&f.mailbox, "mailbox", "", "only of this `mailbox`")
	fl.StringVar(&f.job, "job", "", "only made by this `job`")
	fl.StringSliceVar(&f.points, "point", nil, "`id` of a recovery point, or its first characters; may be given several times")
	fl.BoolVar(&f.newest, "newest", false, "only the newest point of each backup")
	fl.BoolVar(&f.thorough, "thorough", false, "go through points that TO has as well: what TO has lost it gets again")
	f.register(cmd)
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "job", a.names(jobNames))
	mapFields(cmd, "repository_id", "FROM", "target_repository_id", "TO", "account_id", "--account", "mailbox_id", "--mailbox",
		"job_id", "--job", "point_ids", "--point", "newest", "--newest")
	return cmd
}

func runRepositoryCopy(ctx context.Context, a *app, f *repositoryCopyFlags, from, to string) error {
	if f.newest && len(f.points) > 0 {
		return usagef("--newest and --point exclude each other")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	list := pointListFlags{repository: from, account: f.account, mailbox: f.mailbox, job: f.job}
	which, err := list.request(ctx, c)
	if err != nil {
		return err
	}
	target, err := c.repository(ctx, to)
	if err != nil {
		return err
	}
	req := &pb.CopyRepositoryRequest{
		RepositoryId: which.GetRepositoryId(), TargetRepositoryId: target.GetId(), AccountId: which.GetAccountId(),
		MailboxId: which.GetMailboxId(), JobId: which.GetJobId(), Newest: f.newest, Thorough: f.thorough,
	}
	if len(f.points) > 0 {
		chosen, err := a.choosePoints(ctx, c, which, f.points)
		if err != nil {
			return err
		}
		for _, p := range chosen {
			req.PointIds = append(req.PointIds, p.GetId())
		}
	}
	answer, err := c.CopyRepository(ctx, req)
	if err != nil {
		return err
	}
	return f.started(ctx, a, c, answer)
}

// choosePoints finds points by their ids or first characters among those that fit a request.
func (a *app) choosePoints(ctx context.Context, c *api, which *pb.ListPointsRequest, refs []string) ([]*pb.Point, error) {
	all, err := a.points(ctx, c, which)
	if err != nil {
		return nil, err
	}
	var chosen []*pb.Point
	for _, ref := range refs {
		p, err := find("recovery point", ref, all.GetPoints(), func(p *pb.Point) candidate {
			return candidate{id: p.GetId(), name: p.GetId(), hint: p.GetMailboxAddress() + " " + p.GetTime().AsTime().Format("2006-01-02 15:04")}
		})
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

func newRepositoryLevel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "level REPOSITORY COMPRESSION", Short: "Change how new data is compressed",
		Long:    "Changes how new data is compressed: none, fast, balanced or best. What is stored\nalready stays as it is.",
		Example: "  holdfast repository level Vault best", Args: takes(2, 2),
		ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryLevel(cmd.Context(), a, args[0], args[1])
		},
	}
	mapFields(cmd, "repository_id", "REPOSITORY", "codec", "COMPRESSION")
	return cmd
}

func runRepositoryLevel(ctx context.Context, a *app, ref, level string) error {
	codec, ok := codecs[level]
	if !ok {
		return usagef("COMPRESSION must be none, fast, balanced or best, not %q", level)
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.SetRepositoryCodec(ctx, &pb.SetRepositoryCodecRequest{RepositoryId: x.GetId(), Codec: codec})
	if err != nil {
		return err
	}
	return a.done(r, "Compression of new data in %s: %s.", x.GetName(), word(r.GetRepository().GetCodec(), "CODEC_"))
}

type repositoryPassphraseFlags struct {
	current        secretFlags
	currentKeyFile string
	next           keyFlags
}

func newRepositoryPassphrase(a *app) *cobra.Command {
	f := &repositoryPassphraseFlags{
		current: secretFlags{name: "current-passphrase", what: "current passphrase", env: "HOLDFAST_CURRENT_PASSPHRASE"},
		next:    keyFlags{encrypt: true},
	}
	cmd := &cobra.Command{
		Use: "passphrase REPOSITORY", Short: "Give an encrypted repository another passphrase or key file",
		Long: `Gives an encrypted repository another passphrase or key file. The data stays as it
is. The current one need not be given: the Director knows it. Keep the new one
somewhere else too: without it nobody can read the repository again.`,
		Example: "  holdfast repository passphrase Vault --passphrase-file passphrase.txt",
		Args:    takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryPassphrase(cmd.Context(), a, f, args[0])
		},
	}
	f.next.register(cmd, true)
	f.current.register(cmd.Flags())
	cmd.Flags().StringVar(&f.currentKeyFile, "current-key-file", "", "`path` of the current key file on the Transporter")
	mapFields(cmd, "repository_id", "REPOSITORY", "next", "--passphrase-file", "next.passphrase", "--passphrase-file", "next.key_file", "--key-file",
		"current.passphrase", "--current-passphrase-file", "current.key_file", "--current-key-file")
	return cmd
}

func runRepositoryPassphrase(ctx context.Context, a *app, f *repositoryPassphraseFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	req := &pb.ChangeRepositoryKeyRequest{RepositoryId: x.GetId()}
	switch {
	case f.currentKeyFile != "":
		req.Current = &pb.RepositoryKey{KeyFile: f.currentKeyFile}
	case a.given(&f.current):
		text, err := a.secret(ctx, &f.current)
		if err != nil {
			return err
		}
		req.Current = &pb.RepositoryKey{Passphrase: text}
	}
	if req.Next, err = f.next.key(ctx, a); err != nil {
		return err
	}
	r, err := c.ChangeRepositoryKey(ctx, req)
	if err != nil {
		return err
	}
	return a.done(r, "%s opens with the new secret from now on.", x.GetName())
}
