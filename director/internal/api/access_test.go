package api

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// methods calls fn for every method of the API.
func methods(fn func(procedure string, m protoreflect.MethodDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage("holdfast.director.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				fn("/"+string(s.FullName())+"/"+string(m.Name()), m)
			}
		}
		return true
	})
}

func TestEveryMethodSaysWhoMayCallIt(t *testing.T) {
	there := map[string]bool{pathMessage: true, pathAttachment: true, pathExport: true, pathPreview: true, pathAudit: true, pathSupport: true}
	methods(func(procedure string, _ protoreflect.MethodDescriptor) {
		there[procedure] = true
		if allowed[procedure] == 0 {
			t.Errorf("%s has no entry in the table of access", procedure)
		}
		if audited[procedure] == 0 {
			t.Errorf("%s has no entry in the table of what the audit log keeps", procedure)
		}
	})
	if len(there) < 30 {
		t.Fatalf("only %d methods were found", len(there))
	}
	for procedure := range allowed {
		if !there[procedure] {
			t.Errorf("the table names %s, which is no method", procedure)
		}
		if audited[procedure] == 0 {
			t.Errorf("%s has no entry in the table of what the audit log keeps", procedure)
		}
	}
	for procedure := range audited {
		if !there[procedure] {
			t.Errorf("the table of the audit log names %s, which is no method", procedure)
		}
	}
}

func TestEveryRequestIsChecked(t *testing.T) {
	methods(func(procedure string, m protoreflect.MethodDescriptor) {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			t.Fatal(err)
		}
		err = validate(kind.New().Interface())
		if fault.KindOf(err) == fault.Unsupported {
			t.Errorf("%s: %v", procedure, err)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: an empty request is %v", procedure, fault.KindOf(err))
		}
	})
}

func TestRolesMayDoWhatTheyMay(t *testing.T) {
	const (
		version = "/holdfast.director.v1.SystemService/GetVersion"
		set     = "/holdfast.director.v1.SystemService/SetPassword"
		list    = "/holdfast.director.v1.JobService/ListJobs"
		run     = "/holdfast.director.v1.JobService/RunJob"
		create  = "/holdfast.director.v1.JobService/CreateJob"
		mail    = "/holdfast.director.v1.RepositoryService/ListMessages"
		search  = "/holdfast.director.v1.SearchService/Search"
	)
	caller := func(r record.Role) *auth.Caller { return &auth.Caller{User: "u", Role: r} }
	for name, tc := range map[string]struct {
		caller *auth.Caller
		may    []string
		kind   fault.Kind
	}{
		"nobody":            {nil, []string{version}, fault.Unauthorized},
		"one-time password": {&auth.Caller{Role: record.RoleAdministrator, ChangeRequired: true}, []string{version, set}, fault.Denied},
		"auditor":           {caller(record.RoleAuditor), []string{version, set, list}, fault.Denied},
		"operator":          {caller(record.RoleOperator), []string{version, set, list, run, mail, search}, fault.Denied},
		"administrator":     {caller(record.RoleAdministrator), []string{version, set, list, run, mail, search, create}, fault.Denied},
		"no role":           {caller(0), []string{version, set}, fault.Denied},
	} {
		may := map[string]bool{}
		for _, procedure := range tc.may {
			may[procedure] = true
		}
		for _, procedure := range []string{version, set, list, run, create, mail, search, "/holdfast.director.v1.JobService/Unknown"} {
			err := permit(procedure, tc.caller)
			if may[procedure] && err != nil {
				t.Errorf("%s may not call %s: %v", name, procedure, err)
			}
			if !may[procedure] && err == nil {
				t.Errorf("%s may call %s", name, procedure)
			}
			if err != nil && allowed[procedure] != 0 && fault.KindOf(err) != tc.kind {
				t.Errorf("%s at %s: %v", name, procedure, err)
			}
		}
	}
}

func TestChecksNameTheField(t *testing.T) {
	good := func() *directorv1.Account {
		return &directorv1.Account{Name: "Example", TenantId: "t", ClientId: "c", Cloud: directorv1.Cloud_CLOUD_GLOBAL}
	}
	secret := &directorv1.Credential{ClientSecret: "s"}
	account := func(change func(*directorv1.Account)) *directorv1.AddAccountRequest {
		a := good()
		change(a)
		return &directorv1.AddAccountRequest{Account: a, Credential: secret}
	}
	job := func(change func(*directorv1.Job)) *directorv1.CreateJobRequest {
		j := &directorv1.Job{
			Name: "Nightly", Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: "a"}}},
			Destination: &directorv1.Destination{RepositoryId: "r"},
		}
		change(j)
		return &directorv1.CreateJobRequest{Job: j}
	}
	for want, m := range map[string]proto.Message{
		"":                                   account(func(*directorv1.Account) {}),
		"account.name":                       account(func(a *directorv1.Account) { a.Name = " x" }),
		"account.tenant_id":                  account(func(a *directorv1.Account) { a.TenantId = "" }),
		"account.cloud":                      account(func(a *directorv1.Account) { a.Cloud = 77 }),
		"account.authority":                  account(func(a *directorv1.Account) { a.Cloud = directorv1.Cloud_CLOUD_CUSTOM; a.Authority = "http://x" }),
		"account.graph_root":                 account(func(a *directorv1.Account) { a.GraphRoot = "https://x" }),
		"account.limits.requests_in_flight":  account(func(a *directorv1.Account) { a.Limits = &directorv1.Limits{RequestsInFlight: -1} }),
		"account":                            &directorv1.AddAccountRequest{Credential: secret},
		"credential":                         &directorv1.AddAccountRequest{Account: good()},
		"account.id":                         &directorv1.UpdateAccountRequest{Account: good()},
		"transporter.name":                   &directorv1.UpdateTransporterRequest{Transporter: &directorv1.Transporter{Id: "t"}},
		"transfer_host":                      &directorv1.PairTransporterRequest{TransferHost: "a b"},
		"path":                               &directorv1.CreateRepositoryRequest{Name: "n", TransporterId: "t", Path: "relative"},
		"key":                                &directorv1.CreateRepositoryRequest{Name: "n", TransporterId: "t", Path: `C:\x`, Key: &directorv1.RepositoryKey{}},
		"codec":                              &directorv1.CreateRepositoryRequest{Name: "n", TransporterId: "t", Path: "/x", Codec: 9},
		"limit":                              &directorv1.ListMessagesRequest{RepositoryId: "r", PointId: "p", FolderId: "f", Limit: 1001},
		"page_size":                          &directorv1.ListMailboxesRequest{PageSize: -1},
		"job.name":                           job(func(j *directorv1.Job) { j.Name = "a\nb" }),
		"job.source":                         job(func(j *directorv1.Job) { j.Source = nil }),
		"job.source.items[0].account_id":     job(func(j *directorv1.Job) { j.Source.Items[0].AccountId = "" }),
		"job.source.excluded_mailbox_ids[0]": job(func(j *directorv1.Job) { j.Source.ExcludedMailboxIds = []string{""} }),
		"job.destination.repository_id":      job(func(j *directorv1.Job) { j.Destination = nil }),
		"job.options.max_tasks":              job(func(j *directorv1.Job) { j.Options = &directorv1.JobOptions{MaxTasks: 1001} }),
		"mailbox_id":                         &directorv1.StartRecoveryRequest{RepositoryId: "r", PointId: "p", AccountId: "a"},
		"messages[0].message_id": &directorv1.StartRecoveryRequest{
			RepositoryId: "r", PointId: "p", Messages: []*directorv1.MessageRef{{FolderId: "f"}},
		},
		"new_password": &directorv1.SetPasswordRequest{CurrentPassword: "x", NewPassword: "short"},
	} {
		err := validate(m)
		got := ""
		if f := new(fault.Fault); errors.As(err, &f) {
			got = f.Field
		}
		if got != want {
			t.Errorf("%T: the field at fault is %q (%v), want %q", m, got, err, want)
		}
	}
}
