package cli

import (
	"context"
	"errors"
	"strings"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// account finds an account by name or id.
func (c *api) account(ctx context.Context, ref string) (*pb.Account, error) {
	r, err := c.ListAccounts(ctx, &pb.ListAccountsRequest{})
	if err != nil {
		return nil, err
	}
	return find("account", ref, r.GetAccounts(), func(x *pb.Account) candidate {
		return candidate{id: x.GetId(), name: x.GetName(), hint: "tenant " + x.GetTenantId()}
	})
}

func (c *api) transporter(ctx context.Context, ref string) (*pb.Transporter, error) {
	r, err := c.ListTransporters(ctx, &pb.ListTransportersRequest{})
	if err != nil {
		return nil, err
	}
	return find("Transporter", ref, r.GetTransporters(), func(x *pb.Transporter) candidate {
		return candidate{id: x.GetId(), name: x.GetName(), hint: x.GetAddress()}
	})
}

// transporterID is the id of the named Transporter; an empty name stays empty: any.
func (c *api) transporterID(ctx context.Context, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	t, err := c.transporter(ctx, ref)
	return t.GetId(), err
}

func (c *api) repository(ctx context.Context, ref string) (*pb.Repository, error) {
	r, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return nil, err
	}
	return find("repository", ref, r.GetRepositories(), func(x *pb.Repository) candidate {
		return candidate{id: x.GetId(), name: x.GetName(), hint: x.GetPath()}
	})
}

func (c *api) job(ctx context.Context, ref string) (*pb.Job, error) {
	r, err := c.ListJobs(ctx, &pb.ListJobsRequest{})
	if err != nil {
		return nil, err
	}
	return find("job", ref, r.GetJobs(), func(x *pb.Job) candidate { return candidate{id: x.GetId(), name: x.GetName()} })
}

// mailbox finds a mailbox by address, name or id; an empty account searches all of them.
func (c *api) mailbox(ctx context.Context, accountID, ref string) (*pb.Mailbox, error) {
	m, err := c.mailboxIn(ctx, &pb.ListMailboxesRequest{AccountId: accountID, Search: ref}, ref)
	if err == nil || !errors.Is(err, fault.NotFound) || strings.ContainsAny(ref, "@ ") {
		return m, err
	}
	// The search looks at names and addresses only; an id needs the whole list.
	return c.mailboxIn(ctx, &pb.ListMailboxesRequest{AccountId: accountID}, ref)
}

func (c *api) mailboxIn(ctx context.Context, req *pb.ListMailboxesRequest, ref string) (*pb.Mailbox, error) {
	all, err := c.mailboxes(ctx, req, 0)
	if err != nil {
		return nil, err
	}
	return find("mailbox", ref, all.GetMailboxes(), func(x *pb.Mailbox) candidate {
		return candidate{id: x.GetId(), name: x.GetName(), alias: x.GetAddress(), hint: x.GetName()}
	})
}

// mailboxes reads pages until there are limit mailboxes; 0 reads all.
func (c *api) mailboxes(ctx context.Context, req *pb.ListMailboxesRequest, limit int) (*pb.ListMailboxesResponse, error) {
	all := &pb.ListMailboxesResponse{}
	req.PageSize = 1000
	if limit > 0 {
		req.PageSize = int32(min(limit, 1000))
	}
	for {
		page, err := c.ListMailboxes(ctx, req)
		if err != nil {
			return nil, err
		}
		all.Mailboxes = append(all.Mailboxes, page.GetMailboxes()...)
		all.Total, all.NextPageToken = page.GetTotal(), page.GetNextPageToken()
		if limit > 0 && len(all.Mailboxes) >= limit {
			all.Mailboxes = all.Mailboxes[:limit]
			return all, nil
		}
		if page.GetNextPageToken() == "" || page.GetNextPageToken() == req.GetPageToken() {
			return all, nil
		}
		req.PageToken = page.GetNextPageToken()
	}
}

// run finds a run by its id, the first characters of it, or the name of a job, whose last run it then is. An empty
// name is the newest run that has not ended.
func (c *api) run(ctx context.Context, ref string) (*pb.Run, error) {
	if ref != "" {
		r, err := c.GetRun(ctx, &pb.GetRunRequest{RunId: ref})
		if err == nil || !lookFurther(err) {
			return r.GetRun(), err
		}
	}
	list, err := c.ListRuns(ctx, &pb.ListRunsRequest{Limit: 1000})
	if err != nil {
		return nil, err
	}
	if ref == "" {
		for _, r := range list.GetRuns() {
			if !ended(r.GetStatus()) {
				return r, nil
			}
		}
		return nil, fault.New(fault.NotFound, "no run is going on now; name one (see: holdfast run list)")
	}
	for _, r := range list.GetRuns() { // Newest first.
		if strings.EqualFold(r.GetJobName(), ref) || r.GetJobId() == ref {
			return r, nil
		}
	}
	return find("run", ref, list.GetRuns(), func(x *pb.Run) candidate {
		return candidate{id: x.GetId(), name: x.GetJobName(), hint: word(x.GetStatus(), "RUN_STATUS_")}
	})
}

// activity finds an activity by its id or the first characters of it.
func (c *api) activity(ctx context.Context, ref string) (*pb.Activity, error) {
	r, err := c.GetActivity(ctx, &pb.GetActivityRequest{ActivityId: ref})
	if err == nil || !lookFurther(err) {
		return r.GetActivity(), err
	}
	list, err := c.ListActivities(ctx, &pb.ListActivitiesRequest{Limit: 1000})
	if err != nil {
		return nil, err
	}
	return find("activity", ref, list.GetActivities(), func(x *pb.Activity) candidate {
		return candidate{id: x.GetId(), name: x.GetTitle(), hint: word(x.GetStatus(), "RUN_STATUS_")}
	})
}

// lookFurther is true for answers that mean "this is no id of mine".
func lookFurther(err error) bool {
	return errors.Is(err, fault.NotFound) || errors.Is(err, fault.Invalid)
}

// folderOf finds a folder of a point by id, path ("Inbox/Projects"), role ("inbox") or name.
func folderOf(folders []*pb.Folder, ref string) (*pb.Folder, error) {
	paths := folderPaths(folders)
	for _, f := range folders {
		if f.GetRole() != "" && strings.EqualFold(f.GetRole(), ref) && !strings.EqualFold(f.GetName(), ref) {
			return f, nil
		}
	}
	for _, f := range folders {
		if strings.EqualFold(paths[f.GetId()], strings.Trim(ref, "/")) {
			return f, nil
		}
	}
	return find("folder", ref, folders, func(x *pb.Folder) candidate {
		return candidate{id: x.GetId(), name: x.GetName(), alias: paths[x.GetId()]}
	})
}

// folderPaths gives each folder's way from the top, by id.
func folderPaths(folders []*pb.Folder) map[string]string {
	byID := map[string]*pb.Folder{}
	for _, f := range folders {
		byID[f.GetId()] = f
	}
	paths := make(map[string]string, len(folders))
	for _, f := range folders {
		path, depth := f.GetName(), 0
		for up := byID[f.GetParentId()]; up != nil && depth < 300; up = byID[up.GetParentId()] {
			path = up.GetName() + "/" + path
			depth++
		}
		paths[f.GetId()] = path
	}
	return paths
}

// find picks from messages of the API.
func find[T any](kind, ref string, all []T, as func(T) candidate) (T, error) {
	cs := make([]candidate, len(all))
	for i, x := range all {
		cs[i] = as(x)
	}
	var none T
	c, err := pick(kind, ref, cs)
	if err != nil {
		return none, err
	}
	for i := range cs {
		if cs[i] == c {
			return all[i], nil
		}
	}
	return none, fault.New(fault.NotFound, "no %s is called %q", kind, ref)
}
