package configfile

import (
	"context"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Read asks a Director for what it has. The file says of which accounts the mailboxes are needed beside those of the
// Director's own jobs and drills; nil for an export.
func Read(ctx context.Context, api API, f *File) (*State, error) {
	s := &State{Mailboxes: map[string][]*pb.Mailbox{}}
	for _, read := range []func() error{
		func() error {
			a, err := api.ListTransporters(ctx, &pb.ListTransportersRequest{})
			s.Transporters = a.GetTransporters()
			return err
		},
		func() error {
			a, err := api.ListAccounts(ctx, &pb.ListAccountsRequest{})
			s.Accounts = a.GetAccounts()
			return err
		},
		func() error {
			a, err := api.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
			s.Repositories = a.GetRepositories()
			return err
		},
		func() error {
			a, err := api.ListJobs(ctx, &pb.ListJobsRequest{})
			s.Jobs = a.GetJobs()
			return err
		},
		func() error {
			a, err := api.ListDrills(ctx, &pb.ListDrillsRequest{})
			s.Drills = a.GetDrills()
			return err
		},
		func() error {
			a, err := api.GetNotificationSettings(ctx, &pb.GetNotificationSettingsRequest{})
			s.Notifications = a.GetSettings()
			return err
		},
		func() error {
			a, err := api.GetHistory(ctx, &pb.GetHistoryRequest{})
			s.History = a.GetHistory()
			return err
		},
		func() error {
			a, err := api.GetDirectorBackup(ctx, &pb.GetDirectorBackupRequest{})
			s.Backup = a.GetBackup()
			return err
		},
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	wanted := f.mailboxAccounts()
	for _, id := range s.accountsWithMailboxes() {
		if s.Mailboxes[id] == nil {
			s.Mailboxes[id] = []*pb.Mailbox{}
		}
	}
	for _, a := range s.Accounts {
		if _, ok := s.Mailboxes[a.GetId()]; !ok && !wanted[key(a.GetName())] {
			continue
		}
		list, err := mailboxes(ctx, api, a.GetId())
		if err != nil {
			return nil, err
		}
		s.Mailboxes[a.GetId()] = list
	}
	return s, nil
}

// accountsWithMailboxes are the ids of the accounts of which jobs and drills name mailboxes.
func (s *State) accountsWithMailboxes() []string {
	var ids []string
	for _, j := range s.Jobs {
		ids = append(ids, accountsOfJob(j)...)
	}
	for _, d := range s.Drills {
		ids = append(ids, d.GetAccountId())
		if len(d.GetMailboxIds()) == 0 {
			continue
		}
		for _, j := range s.Jobs {
			if j.GetId() != d.GetJobId() {
				continue
			}
			for _, i := range j.GetSource().GetItems() { // the API tells the mailbox only
				ids = append(ids, i.GetAccountId())
			}
		}
	}
	return ids
}

// accountsOfJob are the ids of the accounts of which a job names mailboxes.
func accountsOfJob(j *pb.Job) []string {
	var ids []string
	for _, i := range j.GetSource().GetItems() {
		// Of what is left out the API tells the mailbox only.
		if i.GetMailboxId() != "" || len(j.GetSource().GetExcludedMailboxIds()) > 0 {
			ids = append(ids, i.GetAccountId())
		}
	}
	for _, d := range j.GetDestination().GetMailboxes() {
		ids = append(ids, d.GetAccountId())
	}
	return ids
}

// mailboxes reads all pages of an account, users without a mailbox too: a job may name one that lost it.
func mailboxes(ctx context.Context, api API, account string) ([]*pb.Mailbox, error) {
	q := &pb.ListMailboxesRequest{AccountId: account, Absent: true, PageSize: 1000}
	var all []*pb.Mailbox
	for {
		page, err := api.ListMailboxes(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.GetMailboxes()...)
		if page.GetNextPageToken() == "" || page.GetNextPageToken() == q.GetPageToken() {
			return all, nil
		}
		q.PageToken = page.GetNextPageToken()
	}
}
