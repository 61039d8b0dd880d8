package configfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// stock is a Director with a mailbox of which the address came back under another id.
func stock() *State {
	return &State{
		Transporters: []*pb.Transporter{{Id: "t1", Name: "site-a", Address: "a.example.com:4450"}},
		Accounts:     []*pb.Account{{Id: "a1", Name: "Contoso", TenantId: "t", ClientId: "c", Cloud: pb.Cloud_CLOUD_GLOBAL, Credential: "secret"}},
		Repositories: []*pb.Repository{{Id: "r1", Name: "Main", TransporterId: "t1", Path: "/m", Codec: pb.Codec_CODEC_BALANCED}},
		Jobs: []*pb.Job{{
			Id: "j1", Name: "Daily", Enabled: true, Destination: &pb.Destination{RepositoryId: "r1"},
			Source: &pb.Source{
				Items:              []*pb.SourceItem{{AccountId: "a1", MailboxId: "m1"}, {AccountId: "a1", MailboxId: "m0"}, {AccountId: "a1", MailboxId: "lost"}},
				ExcludedMailboxIds: []string{"m2"},
			},
			Before: &pb.Script{Path: "/p", Environment: map[string]string{"TOKEN": "t0p"}},
		}},
		Drills: []*pb.Drill{{
			Id: "d1", Name: "Proof", JobId: "j1", MailboxIds: []string{"m2", "m0"}, AccountId: "a1", MailboxId: "m1", Mailboxes: 3, Messages: 20, Enabled: true,
			Schedules: []*pb.Schedule{{Zone: "UTC", When: &pb.Schedule_Weekly{Weekly: &pb.Weekly{Days: []int32{0}, Start: "3:00"}}}},
		}},
		Notifications: &pb.NotificationSettings{
			Mail:     &pb.MailServer{Host: "mail", User: "u", PasswordSet: true, From: "f@example.com"},
			Webhooks: []*pb.Webhook{{Id: "w1", Name: "Chat", Url: "https://chat/x", SecretSet: true}},
		},
		History: &pb.History{Days: 400}, Backup: &pb.DirectorBackup{Folder: "/b", Keep: 14, PassphraseSet: true},
		Mailboxes: map[string][]*pb.Mailbox{"a1": {
			{Id: "m0", Address: "anna@example.com", Gone: true}, {Id: "m1", Address: "Anna@example.com"}, {Id: "m2", Address: "bo@example.com"},
		}},
	}
}

// steps are those of a plan, in words.
func steps(t *testing.T, f *File, s *State, o Options) string {
	t.Helper()
	p, err := Diff(f, s, o)
	if err != nil {
		return "error: " + err.Error()
	}
	var b strings.Builder
	for i := range p.Steps {
		x := &p.Steps[i]
		b.WriteString(x.String())
		for _, d := range x.Changes {
			b.WriteString("; " + d.Field + ": " + d.Old + ">" + d.New)
		}
		for _, n := range x.Secrets {
			b.WriteString("; needs " + n)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestAnExportHasNothingToDoAndTellsMailboxesOfOneAddressApart(t *testing.T) {
	f, err := Export(stock())
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := []Mailbox{{"Contoso", "Anna@example.com"}, {"Contoso", "id:m0"}, {"Contoso", "id:lost"}}
	if diff := cmp.Diff(want, f.Jobs[0].Source); diff != "" {
		t.Error(diff)
	}
	want = []Mailbox{{"Contoso", "bo@example.com"}, {"Contoso", "id:m0"}}
	if diff := cmp.Diff(want, f.Drills[0].Of); diff != "" || f.Drills[0].Target.Mailbox != "Anna@example.com" {
		t.Errorf("the drill's target is %v, of %s", f.Drills[0].Target, diff)
	}
	if strings.Contains(string(b), "t0p") {
		t.Errorf("the export has a secret:\n%s", b)
	}
	read, err := Decode(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got := steps(t, read, stock(), Options{Prune: true}); got != "" {
		t.Errorf("got %s", got)
	}
	read.Jobs[0].Source[0] = Mailbox{"contoso", "ANNA@example.com"}
	drill := &read.Drills[0]
	drill.Job, drill.Target, drill.Mailboxes, drill.Messages = "DAILY", Mailbox{"CONTOSO", "anna@EXAMPLE.com"}, 0, 0
	drill.Of = []Mailbox{drill.Of[1], drill.Of[0], drill.Of[1]}
	read.Transporters[0].Address = "a.example.com"
	if got := steps(t, read, stock(), Options{}); got != "" {
		t.Errorf("names in another case, and the usual port: got %s", got)
	}
	renewed := steps(t, read, stock(), Options{RenewSecrets: true})
	for _, want := range []string{"ACCOUNT_CONTOSO_SECRET", "JOB_DAILY_BEFORE_TOKEN", "MAIL_PASSWORD", "WEBHOOK_CHAT_SECRET", "DIRECTOR_PASSPHRASE"} {
		if !strings.Contains(renewed, "needs environment variable HOLDFAST_"+want+"\n") && !strings.Contains(renewed, "needs environment variable HOLDFAST_"+want+";") {
			t.Errorf("%s is not renewed: %s", want, renewed)
		}
	}
}

func TestAPlanShowsWhatChangesAndRefusesWhatCannot(t *testing.T) {
	env := func(name string) *Ref { return &Ref{Env: name} }
	for name, c := range map[string]struct {
		change func(*File, *State)
		want   string
	}{
		"another server for a password": {
			func(f *File, _ *State) { f.Notifications.Mail.Host, f.Notifications.Mail.Password = "other", nil },
			"error: notifications.mail: no password is kept for this server, user and protection; say where it is, with password",
		},
		"another place for a webhook": {
			func(f *File, _ *State) { f.Notifications.Webhooks[0].URL = "https://other/x" },
			"change notification settings; webhook Chat.url: https://chat/x>https://other/x; webhook Chat.secret: >(set); needs environment variable HOLDFAST_WEBHOOK_CHAT_SECRET\n",
		},
		"certificate for secret": {
			func(f *File, _ *State) { f.Accounts[0].Secret, f.Accounts[0].Certificate = nil, env("PEM") },
			"change account \"Contoso\"; credential: secret>certificate; needs environment variable PEM\n",
		},
		"a new account without a secret": {
			func(f *File, _ *State) { f.Accounts = append(f.Accounts, Account{Name: "New"}) },
			`error: account "New" is new: say where its secret is, with secret or certificate`,
		},
		"moving a repository": {
			func(f *File, _ *State) { f.Repositories[0].Path = "/n" },
			`error: repository "Main": path cannot be changed (it is /m, the file says /n); to move backups, create another and copy them`,
		},
		"a Transporter that is not paired": {
			func(f *File, _ *State) { f.Transporters[0].Name = "site-b" }, `error: the Transporter "site-b" is not paired`,
		},
		"a mailbox that is not there": {
			func(f *File, _ *State) { f.Jobs[0].Source[0].Mailbox = "cy@example.com" }, `error: job "Daily": there is no mailbox "cy@example.com"`,
		},
		"chains before what follows, by name": {
			func(f *File, _ *State) {
				after := func(j string) []Schedule { return []Schedule{{After: &After{Job: j}}} }
				f.Jobs = append(f.Jobs, Job{Name: "A", Schedules: after("C")}, Job{Name: "C", Schedules: after("B")}, Job{Name: "B"})
			},
			"create job \"B\"; name: >B; enabled: >false\ncreate job \"C\"; name: >C; enabled: >false; schedules[1].after.job: >B\n" +
				"create job \"A\"; name: >A; enabled: >false; schedules[1].after.job: >C\n",
		},
		"a circle": {
			func(f *File, _ *State) {
				f.Jobs[0].Schedules = []Schedule{{After: &After{Job: "Daily"}}}
			},
			`error: job "Daily" starts, by way of others, after itself`,
		},
		"a value in an environment": {
			func(f *File, _ *State) {
				f.Jobs[0].Before.Environment = map[string]Value{"TOKEN": {Value: proto.String("new")}, "MORE": {Ref: Ref{File: "/s"}}}
			},
			"change job \"Daily\"; before.environment.MORE: >(set); before.environment.TOKEN: (kept)>(sent anew); needs file /s\n",
		},
		"two of one name in the Director": {
			func(_ *File, s *State) { s.Jobs = append(s.Jobs, &pb.Job{Id: "j2", Name: "daily"}) }, `error: two of the kind job are called "daily"`,
		},
		"what scripts are given is hidden": {
			func(_ *File, s *State) { s.Jobs[0].Before.Environment["TOKEN"] = "[hidden]" }, "error: job \"Daily\": this user may not see",
		},
		"a deletion that goes on": {
			func(_ *File, s *State) { s.Jobs[0].Deletion = &pb.Deletion{} }, "error: job \"Daily\": it is being deleted",
		},
		"drills change, begin and end": {
			func(f *File, _ *State) {
				f.Drills = append(f.Drills, Drill{Name: "All", Job: "daily", Target: Mailbox{"Contoso", "bo@example.com"}})
				f.Drills[0].Messages, f.Drills[0].Of, f.Drills[0].Schedules = 100, nil, nil
			},
			"create drill \"All\"; name: >All; job: >Daily; mailboxes: >3; messages: >20; target.account: >Contoso; target.mailbox: >bo@example.com; enabled: >false\n" +
				"change drill \"Proof\"; messages: 20>100; of[1].account: Contoso>; of[1].mailbox: bo@example.com>; of[2].account: Contoso>; of[2].mailbox: id:m0>; " +
				"schedules[1].weekly.days: [sun]>; schedules[1].weekly.start: 03:00>; schedules[1].zone: UTC>\n",
		},
		"a drill of a job that is not there": {
			func(f *File, _ *State) { f.Drills[0].Job = "Nightly" }, `error: drill "Proof": there is no job "Nightly"`,
		},
		"a drill into a mailbox that is not there": {
			func(f *File, _ *State) { f.Drills[0].Target.Mailbox = "cy@example.com" },
			`error: drill "Proof": there is no mailbox "cy@example.com" in the account "Contoso"`,
		},
		"no backup any more": {
			func(f *File, _ *State) { f.Backup = &Backup{} }, "change backup of the Director; folder: /b>; keep: 14>\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stock()
			f, err := Export(s)
			if err != nil {
				t.Fatal(err)
			}
			c.change(f, s)
			got := steps(t, f, s, Options{})
			if got != c.want && (!strings.HasPrefix(c.want, "error") || !strings.HasPrefix(got, c.want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPruningKeepsWhatADrillUses(t *testing.T) {
	f, err := Export(stock())
	if err != nil {
		t.Fatal(err)
	}
	f.Jobs = List[Job]{}
	if got, want := steps(t, f, stock(), Options{Prune: true}), `error: drill "Proof" uses "daily" of jobs`; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	f.Drills = nil // a section that is left out stays as it is
	if got, want := steps(t, f, stock(), Options{Prune: true}), `error: drill "Proof" uses "daily" of jobs`; !strings.HasPrefix(got, want) {
		t.Errorf("without the section: got %s, want %s", got, want)
	}
	f.Drills = List[Drill]{}
	if got, want := steps(t, f, stock(), Options{Prune: true}), "delete drill \"Proof\"\ndelete job \"Daily\"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
