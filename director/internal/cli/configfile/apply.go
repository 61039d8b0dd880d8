package configfile

import (
	"context"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// API is what is used of a Director.
type API interface {
	ListTransporters(context.Context, *pb.ListTransportersRequest) (*pb.ListTransportersResponse, error)
	UpdateTransporter(context.Context, *pb.UpdateTransporterRequest) (*pb.UpdateTransporterResponse, error)
	ListAccounts(context.Context, *pb.ListAccountsRequest) (*pb.ListAccountsResponse, error)
	AddAccount(context.Context, *pb.AddAccountRequest) (*pb.AddAccountResponse, error)
	UpdateAccount(context.Context, *pb.UpdateAccountRequest) (*pb.UpdateAccountResponse, error)
	RefreshAccount(context.Context, *pb.RefreshAccountRequest) (*pb.RefreshAccountResponse, error)
	RemoveAccount(context.Context, *pb.RemoveAccountRequest) (*pb.RemoveAccountResponse, error)
	ListMailboxes(context.Context, *pb.ListMailboxesRequest) (*pb.ListMailboxesResponse, error)
	ListRepositories(context.Context, *pb.ListRepositoriesRequest) (*pb.ListRepositoriesResponse, error)
	CreateRepository(context.Context, *pb.CreateRepositoryRequest) (*pb.CreateRepositoryResponse, error)
	AttachRepository(context.Context, *pb.AttachRepositoryRequest) (*pb.AttachRepositoryResponse, error)
	SetRepositoryCodec(context.Context, *pb.SetRepositoryCodecRequest) (*pb.SetRepositoryCodecResponse, error)
	SetRepositorySchedules(context.Context, *pb.SetRepositorySchedulesRequest) (*pb.SetRepositorySchedulesResponse, error)
	RemoveRepository(context.Context, *pb.RemoveRepositoryRequest) (*pb.RemoveRepositoryResponse, error)
	ListJobs(context.Context, *pb.ListJobsRequest) (*pb.ListJobsResponse, error)
	CreateJob(context.Context, *pb.CreateJobRequest) (*pb.CreateJobResponse, error)
	UpdateJob(context.Context, *pb.UpdateJobRequest) (*pb.UpdateJobResponse, error)
	DeleteJob(context.Context, *pb.DeleteJobRequest) (*pb.DeleteJobResponse, error)
	ListDrills(context.Context, *pb.ListDrillsRequest) (*pb.ListDrillsResponse, error)
	CreateDrill(context.Context, *pb.CreateDrillRequest) (*pb.CreateDrillResponse, error)
	UpdateDrill(context.Context, *pb.UpdateDrillRequest) (*pb.UpdateDrillResponse, error)
	DeleteDrill(context.Context, *pb.DeleteDrillRequest) (*pb.DeleteDrillResponse, error)
	GetNotificationSettings(context.Context, *pb.GetNotificationSettingsRequest) (*pb.GetNotificationSettingsResponse, error)
	UpdateNotificationSettings(context.Context, *pb.UpdateNotificationSettingsRequest) (*pb.UpdateNotificationSettingsResponse, error)
	GetHistory(context.Context, *pb.GetHistoryRequest) (*pb.GetHistoryResponse, error)
	SetHistory(context.Context, *pb.SetHistoryRequest) (*pb.SetHistoryResponse, error)
	GetDirectorBackup(context.Context, *pb.GetDirectorBackupRequest) (*pb.GetDirectorBackupResponse, error)
	SetDirectorBackup(context.Context, *pb.SetDirectorBackupRequest) (*pb.SetDirectorBackupResponse, error)
}

// runner is a plan being done.
type runner struct {
	API
	names   *names
	secrets map[Ref]string
	note    func(string)
}

// secret is the text behind a reference that was read before anything was done; "" for none.
func (r *runner) secret(ref *Ref) string {
	if ref == nil {
		return ""
	}
	return r.secrets[*ref]
}

// World is what an apply needs beside the Director.
type World struct {
	// Secret reads what a reference names.
	Secret func(Ref) (string, error)
	// Done is told of each step when it is done, Note what a person should know.
	Done func(*Step)
	Note func(string)
}

// Apply does the steps of a plan, each once. It stops at the first error and returns how many were done before it; the
// rest is left, and a new plan goes on from there. All secrets are read before anything is changed.
func (p *Plan) Apply(ctx context.Context, api API, w World) (int, error) {
	r := &runner{API: api, names: p.names, secrets: map[Ref]string{}, note: w.Note}
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, ref := range s.needs {
			text, err := w.Secret(ref)
			if err == nil && text == "" {
				err = invalid("it is empty")
			}
			if err != nil {
				return 0, invalid("%s needs the %s: %w", s, ref, err)
			}
			r.secrets[ref] = text
		}
	}
	for i := range p.Steps {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		if err := p.Steps[i].run(ctx, r); err != nil {
			return i, err
		}
		w.Done(&p.Steps[i])
	}
	return len(p.Steps), nil
}
