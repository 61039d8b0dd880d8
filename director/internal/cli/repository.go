package cli

import (
	"context"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newRepository(a *app) *cobra.Command {
	return group("repository", "Where backups are kept", newRepositoryCreate(a), newRepositoryList(a), newRepositoryShow(a),
		newRepositoryAttach(a), newRepositoryDetach(a), newRepositoryVerify(a), newRepositoryRepair(a), newRepositoryReclaim(a),
		newRepositorySurvey(a), newRepositorySchedule(a), newRepositoryNext(a),
		newRepositoryCopy(a), newRepositoryLevel(a), newRepositoryPassphrase(a), newRepositoryRemove(a))
}

var codecs = map[string]pb.Codec{
	"none": pb.Codec_CODEC_NONE, "fast": pb.Codec_CODEC_FAST, "balanced": pb.Codec_CODEC_BALANCED, "best": pb.Codec_CODEC_BEST,
}

// keyFlags open an encrypted repository.
type keyFlags struct {
	passphrase secretFlags
	keyFile    string
	encrypt    bool
}

func (f *keyFlags) register(cmd *cobra.Command, twice bool) {
	f.passphrase = secretFlags{name: "passphrase", what: "passphrase", env: "HOLDFAST_PASSPHRASE", twice: twice}
	f.passphrase.register(cmd.Flags())
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "`path` of a key file on the Transporter, instead of a passphrase")
	mapFields(cmd, "key", "--passphrase-file", "key.passphrase", "--passphrase-file", "key.key_file", "--key-file")
}

// key returns nil where no encryption was asked for.
func (f *keyFlags) key(ctx context.Context, a *app) (*pb.RepositoryKey, error) {
	flagged := f.passphrase.file != "" || f.passphrase.stdin
	switch {
	case f.keyFile != "" && flagged:
		return nil, usagef("give a passphrase or --key-file, not both")
	case f.keyFile != "":
		return &pb.RepositoryKey{KeyFile: f.keyFile}, nil
	case !f.encrypt && !flagged:
		return nil, nil
	}
	text, err := a.secret(ctx, &f.passphrase)
	return &pb.RepositoryKey{Passphrase: text}, err
}

type repositoryCreateFlags struct {
	transporter, path, codec string
	key                      keyFlags
}

func newRepositoryCreate(a *app) *cobra.Command {
	f := &repositoryCreateFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a repository in a folder of a Transporter",
		Long: `Makes a repository in a folder of a Transporter. The folder is created when it is
missing, and checked at once. With --encrypt you are asked for a passphrase:
without it nobody can read the repository again, so keep it somewhere else too.`,
		Example: "  holdfast repository create Vault --transporter site-b --path /srv/vault --passphrase-file passphrase.txt\n" +
			"  holdfast repository create Plain --transporter site-b --path /srv/plain --codec best",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryCreate(cmd.Context(), a, f, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.transporter, "transporter", "", "`transporter` that keeps it")
	fl.StringVar(&f.path, "path", "", "`folder` on that machine")
	fl.StringVar(&f.codec, "codec", "balanced", "`compression`: none, fast, balanced or best")
	fl.BoolVar(&f.key.encrypt, "encrypt", false, "encrypt with a passphrase")
	f.key.register(cmd, true)
	complete(cmd, "transporter", a.names(transporterNames))
	complete(cmd, "codec", fixed("none", "fast", "balanced", "best"))
	mapFields(cmd, "name", "NAME", "transporter_id", "--transporter", "path", "--path", "codec", "--codec")
	return cmd
}

func runRepositoryCreate(ctx context.Context, a *app, f *repositoryCreateFlags, name string) error {
	codec, ok := codecs[f.codec]
	if !ok {
		return usagef("--codec must be none, fast, balanced or best, not %q", f.codec)
	}
	if f.transporter == "" || f.path == "" {
		return usagef("--transporter and --path are needed")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.CreateRepositoryRequest{Name: name, Path: f.path, Codec: codec}
	if req.TransporterId, err = c.transporterID(ctx, f.transporter); err != nil {
		return err
	}
	if req.Key, err = f.key.key(ctx, a); err != nil {
		return err
	}
	r, err := c.CreateRepository(ctx, req)
	if err != nil {
		return err
	}
	x, kind := r.GetRepository(), "not encrypted"
	if x.GetEncrypted() {
		kind = "encrypted"
	}
	return a.done(r, "Created %s in %s (id %s, %s, compression %s).", x.GetName(), x.GetPath(), x.GetId(), kind, word(x.GetCodec(), "CODEC_"))
}

func newRepositoryList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the repositories", Example: "  holdfast repository list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runRepositoryList(cmd.Context(), a) },
	}
}

func runRepositoryList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return err
	}
	hosts, err := c.transporterNamesByID(ctx)
	if err != nil {
		return err
	}
	t := newTable("NAME", "TRANSPORTER", "PATH", "STATE", "ENCRYPTED", "POINTS", "STORED", "FREE", "ID").numbers(5, 6, 7).shorten(2)
	for _, x := range r.GetRepositories() {
		t.row(x.GetName(), first(hosts[x.GetTransporterId()], x.GetTransporterId()), x.GetPath(), repositoryState(x),
			yesNo(x.GetEncrypted()), count(x.GetPoints()), size(x.GetStoredBytes()), size(x.GetFreeBytes()), x.GetId())
	}
	if err := a.list(r, t, "No repositories yet. Make one with: holdfast repository create"); err != nil {
		return err
	}
	for _, x := range r.GetRepositories() {
		if x.GetError() != "" {
			a.note("%s: %s", x.GetName(), x.GetError())
		}
	}
	return nil
}

// transporterNamesByID is for tables that name Transporters.
func (c *api) transporterNamesByID(ctx context.Context) (map[string]string, error) {
	r, err := c.ListTransporters(ctx, &pb.ListTransportersRequest{})
	names := map[string]string{}
	for _, t := range r.GetTransporters() {
		names[t.GetId()] = t.GetName()
	}
	return names, err
}

func repositoryState(x *pb.Repository) string {
	switch {
	case x.GetError() != "":
		return "error"
	case x.GetAttached():
		return "attached"
	default:
		return "detached"
	}
}

func newRepositoryShow(a *app) *cobra.Command {
	var mailboxes bool
	cmd := &cobra.Command{
		Use: "show REPOSITORY", Short: "Show what is in a repository and what it costs",
		Long: `Shows what is in a repository and what it costs. With --mailboxes it lists what
each mailbox takes, the largest first: STORED is what its points need, ALONE what
nobody else needs of that, as of the last survey (holdfast repository survey).`,
		Example: "  holdfast repository show Vault\n  holdfast repository show Vault --mailboxes",
		Args:    takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryShow(cmd.Context(), a, args[0], mailboxes)
		},
	}
	cmd.Flags().BoolVar(&mailboxes, "mailboxes", false, "list what each mailbox takes")
	mapFields(cmd, "repository_id", "REPOSITORY")
	return cmd
}

func runRepositoryShow(ctx context.Context, a *app, ref string, mailboxes bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	if mailboxes {
		return a.backupSizes(ctx, c, x.GetId(), 10_000)
	}
	r, err := c.GetRepository(ctx, &pb.GetRepositoryRequest{RepositoryId: x.GetId()})
	if err != nil {
		return err
	}
	hosts, err := c.transporterNamesByID(ctx)
	if err != nil {
		return err
	}
	return a.print(r, func() error { return a.repositoryFacts(r.GetRepository(), hosts).write(a.Stdout) })
}

func (a *app) repositoryFacts(x *pb.Repository, hosts map[string]string) facts {
	var f facts
	f.add("name", "%s", x.GetName())
	f.add("id", "%s", x.GetId())
	f.add("transporter", "%s", first(hosts[x.GetTransporterId()], x.GetTransporterId()))
	f.add("path", "%s", x.GetPath())
	f.add("state", "%s", repositoryState(x))
	if !x.GetAttached() {
		f.some("attaches", a.when(x.GetAttaches()))
	}
	f.some("error", x.GetError())
	f.add("encrypted", "%s", yesNo(x.GetEncrypted()))
	f.add("compression", "%s", word(x.GetCodec(), "CODEC_"))
	f.some("created", a.when(x.GetCreated()))
	f.add("backups", "%s", count(x.GetBackups()))
	f.add("points", "%s", count(x.GetPoints()))
	f.add("mail in all points", "%s", size(x.GetLogicalBytes()))
	f.add("without repetition", "%s%s", size(x.GetUniqueBytes()), ratio(x.GetLogicalBytes(), x.GetUniqueBytes()))
	f.add("stored", "%s%s", size(x.GetStoredBytes()), ratio(x.GetUniqueBytes(), x.GetStoredBytes()))
	a.garbage(&f, x)
	f.add("index", "%s", size(x.GetIndexBytes()))
	f.add("free", "%s of %s", size(x.GetFreeBytes()), size(x.GetTotalBytes()))
	f.some("measured", a.when(x.GetMeasured()))
	return f
}

func ratio(before, after int64) string {
	if before <= 0 || after <= 0 {
		return ""
	}
	return " (1 : " + trimFloat(float64(before)/float64(after)) + ")"
}

type repositoryAttachFlags struct {
	transporter, path string
	key               keyFlags
	recreate          bool
	confirmName       string
}

func newRepositoryAttach(a *app) *cobra.Command {
	f := &repositoryAttachFlags{}
	cmd := &cobra.Command{
		Use: "attach REPOSITORY", Short: "Take a repository into use",
		Long: `Attaches a repository that was detached. With --transporter and --path it brings
in a folder that the Director does not know yet, under the name given. With
--recreate all backups in it are deleted for ever and it begins anew, empty: then
its name must be typed, or given with --confirm-name.`,
		Example: "  holdfast repository attach Vault\n" +
			"  holdfast repository attach Vault --recreate --confirm-name Vault\n" +
			"  holdfast repository attach Copy --transporter site-a --path /mnt/copy --passphrase-file passphrase.txt",
		Args: takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryAttach(cmd.Context(), a, f, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.transporter, "transporter", "", "`transporter` that has the folder")
	fl.StringVar(&f.path, "path", "", "`folder` on that machine")
	fl.BoolVar(&f.key.encrypt, "encrypted", false, "it is encrypted: ask for the passphrase")
	fl.BoolVar(&f.recreate, "recreate", false, "delete all backups in it and begin it anew")
	fl.StringVar(&f.confirmName, "confirm-name", "", "the repository's `name`, to confirm --recreate")
	f.key.register(cmd, false)
	complete(cmd, "transporter", a.names(transporterNames))
	mapFields(cmd, "repository_id", "REPOSITORY", "name", "REPOSITORY", "transporter_id", "--transporter", "path", "--path",
		"recreate", "--recreate", "confirm_name", "--confirm-name")
	return cmd
}

func runRepositoryAttach(ctx context.Context, a *app, f *repositoryAttachFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.AttachRepositoryRequest{}
	if f.path != "" || f.transporter != "" {
		if f.path == "" || f.transporter == "" {
			return usagef("--transporter and --path go together")
		}
		req.Name, req.Path = ref, f.path
		req.TransporterId, err = c.transporterID(ctx, f.transporter)
	} else {
		var x *pb.Repository
		x, err = c.repository(ctx, ref)
		if req.RepositoryId, req.Recreate = x.GetId(), f.recreate; err == nil && f.recreate {
			req.ConfirmName, err = a.typeName(ctx, "--recreate", f.confirmName, x)
		}
	}
	if err == nil && f.recreate && req.RepositoryId == "" {
		err = usagef("--recreate is for a repository that the Director knows")
	}
	if err != nil {
		return err
	}
	if req.Key, err = f.key.key(ctx, a); err != nil {
		return err
	}
	r, err := c.AttachRepository(ctx, req)
	if err != nil {
		return err
	}
	if f.recreate {
		return a.done(r, "Deleted everything in %s and attached it, empty.", r.GetRepository().GetName())
	}
	return a.done(r, "Attached %s in %s, with %s.", r.GetRepository().GetName(), r.GetRepository().GetPath(),
		counted(r.GetRepository().GetPoints(), "recovery point"))
}

func newRepositoryDetach(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "detach REPOSITORY", Short: "Close a repository so that its folder can be copied away",
		Example: "  holdfast repository detach Vault", Args: takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runRepositoryDetach(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "repository_id", "REPOSITORY")
	return cmd
}

func runRepositoryDetach(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.DetachRepository(ctx, &pb.DetachRepositoryRequest{RepositoryId: x.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Detached %s. %s may now be copied or moved.", x.GetName(), x.GetPath())
}

type repositoryVerifyFlags struct {
	full bool
	watchFlag
}

func newRepositoryVerify(a *app) *cobra.Command {
	f := &repositoryVerifyFlags{}
	cmd := &cobra.Command{
		Use: "verify REPOSITORY", Short: "Check that everything stored can be read back",
		Long:    "Checks that every recovery point is whole. With --full every byte is read and\ncompared with its hash, which takes as long as reading the repository.",
		Example: "  holdfast repository verify Vault --full --watch", Args: takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryVerify(cmd.Context(), a, f, args[0])
		},
	}
	cmd.Flags().BoolVar(&f.full, "full", false, "read every byte, not only the structure")
	f.register(cmd)
	mapFields(cmd, "repository_id", "REPOSITORY", "full", "--full")
	return cmd
}

func runRepositoryVerify(ctx context.Context, a *app, f *repositoryVerifyFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.VerifyRepository(ctx, &pb.VerifyRepositoryRequest{RepositoryId: x.GetId(), Full: f.full})
	if err != nil {
		return err
	}
	return f.started(ctx, a, c, r)
}

type repositoryRemoveFlags struct {
	deleteData  bool
	confirmName string
}

func newRepositoryRemove(a *app) *cobra.Command {
	f := &repositoryRemoveFlags{}
	cmd := &cobra.Command{
		Use: "remove REPOSITORY", Short: "Remove a repository, keeping or deleting its data",
		Long: `Removes a repository from the inventory. Its folder stays as it is and can be
attached again, here or elsewhere. With --delete-data all backups in it are gone
for ever: then its name must be typed, or given with --confirm-name.`,
		Example: "  holdfast repository remove Vault --yes\n  holdfast repository remove Vault --delete-data --confirm-name Vault",
		Args:    takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositoryRemove(cmd.Context(), a, f, args[0])
		},
	}
	cmd.Flags().BoolVar(&f.deleteData, "delete-data", false, "delete all backups in it")
	cmd.Flags().StringVar(&f.confirmName, "confirm-name", "", "the repository's `name`, to confirm --delete-data")
	mapFields(cmd, "repository_id", "REPOSITORY", "confirm_name", "--confirm-name", "delete_data", "--delete-data")
	return cmd
}

func runRepositoryRemove(ctx context.Context, a *app, f *repositoryRemoveFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	req := &pb.RemoveRepositoryRequest{RepositoryId: x.GetId(), DeleteData: f.deleteData}
	if f.deleteData {
		if req.ConfirmName, err = a.typeName(ctx, "--delete-data", f.confirmName, x); err != nil {
			return err
		}
	} else if err := a.confirm(ctx, "Remove the repository "+x.GetName()+"? Its data stays in "+x.GetPath()+"."); err != nil {
		return err
	}
	r, err := c.RemoveRepository(ctx, req)
	if err != nil {
		return err
	}
	if f.deleteData {
		return a.done(r, "Removed %s and deleted all its data.", x.GetName())
	}
	return a.done(r, "Removed %s. Its data stays in %s.", x.GetName(), x.GetPath())
}

// typeName makes a person write the name of what will be gone for ever; --yes alone is not enough.
func (a *app) typeName(ctx context.Context, flag, given string, x *pb.Repository) (string, error) {
	if given == "" && a.Terminal != nil {
		a.note("All %s in %s will be deleted for ever.", counted(x.GetPoints(), "recovery point"), x.GetName())
		var err error
		if given, err = a.Terminal.ReadLine(ctx, "Type the name of the repository to go on: "); err != nil {
			return "", err
		}
	}
	if given == "" {
		return "", usagef("%s needs --confirm-name with the repository's name", flag)
	}
	if given != x.GetName() {
		return "", fault.InvalidField("confirm_name", "%q is not the name of this repository; nothing was deleted", given)
	}
	return given, nil
}
