package fakeporter

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// control is served once the Transporter is paired.
type control struct {
	transporterv1.UnimplementedControlServiceServer
	p *Porter
}

func (c *control) GetStatus(context.Context, *transporterv1.GetStatusRequest) (*transporterv1.GetStatusResponse, error) {
	if err := c.p.called("GetStatus"); err != nil {
		return nil, err
	}
	return c.p.status(), nil
}

func (c *control) RenewCertificate(_ context.Context, q *transporterv1.RenewCertificateRequest) (*transporterv1.RenewCertificateResponse, error) {
	if err := c.p.called("RenewCertificate"); err != nil {
		return nil, err
	}
	if len(q.GetCertificate()) == 0 {
		request, err := c.p.key.CertificateRequest()
		return &transporterv1.RenewCertificateResponse{CertificateRequest: request}, err
	}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if !c.p.key.Matches(q.GetCertificate()) {
		return nil, fault.New(fault.Invalid, "the certificate is not for this key")
	}
	c.p.paired.certificate = q.GetCertificate()
	c.p.renewed++
	return &transporterv1.RenewCertificateResponse{}, nil
}

func (c *control) Unpair(context.Context, *transporterv1.UnpairRequest) (*transporterv1.UnpairResponse, error) {
	return &transporterv1.UnpairResponse{}, c.p.called("Unpair")
}

func (c *control) CheckAccount(_ context.Context, q *transporterv1.CheckAccountRequest) (*transporterv1.CheckAccountResponse, error) {
	if err := c.p.called("CheckAccount"); err != nil {
		return nil, err
	}
	mailboxes, err := c.p.World.signIn(q.GetAccount())
	if err != nil {
		return nil, err
	}
	return &transporterv1.CheckAccountResponse{
		Users: int64(len(mailboxes)),
		Permissions: []*transporterv1.Permission{
			{Name: "Mail.Read", Granted: true, Required: true, Cost: "nothing can be backed up"},
			{Name: "Mail.ReadWrite", Granted: false, Cost: "nothing can be recovered"},
		},
	}, nil
}

func (w *World) signIn(a *transporterv1.Account) ([]*transporterv1.Mailbox, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	secret, ok := w.secrets[a.GetTenantId()]
	switch {
	case !ok:
		return nil, fault.InvalidField("account.tenant_id", "there is no tenant %s", a.GetTenantId())
	case secret != a.GetClientSecret():
		f := fault.New(fault.Unauthorized, "the client secret is wrong")
		f.RequestID = "request-1"
		return nil, f
	}
	return w.mailboxes[a.GetTenantId()], nil
}

func (c *control) ListMailboxes(q *transporterv1.ListMailboxesRequest, stream transporterv1.ControlService_ListMailboxesServer) error {
	if err := c.p.called("ListMailboxes"); err != nil {
		return err
	}
	mailboxes, err := c.p.World.signIn(q.GetAccount())
	if err != nil {
		return err
	}
	for part := range slices.Chunk(mailboxes, 100) {
		if err := stream.Send(&transporterv1.ListMailboxesResponse{Mailboxes: part}); err != nil {
			return err
		}
	}
	return nil
}

func (c *control) CheckFolder(_ context.Context, q *transporterv1.CheckFolderRequest) (*transporterv1.CheckFolderResponse, error) {
	if err := c.p.called("CheckFolder"); err != nil {
		return nil, err
	}
	c.p.World.mu.Lock()
	defer c.p.World.mu.Unlock()
	_, there := c.p.World.repositories[q.GetPath()]
	return &transporterv1.CheckFolderResponse{Exists: true, IsRepository: there, FreeBytes: 1 << 30, TotalBytes: 1 << 31}, nil
}

func (c *control) CreateRepository(_ context.Context, q *transporterv1.CreateRepositoryRequest) (*transporterv1.CreateRepositoryResponse, error) {
	if err := c.p.called("CreateRepository"); err != nil {
		return nil, err
	}
	me, lost := c.p.ID(), c.p.answered("CreateRepository")
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.repositories[q.GetPath()]
	if r != nil && r.info.GetId() != q.GetRepositoryId() {
		return nil, fault.New(fault.Conflict, "%s holds another repository", q.GetPath())
	}
	if r == nil {
		r = &repository{passphrase: q.GetKey().GetPassphrase(), info: &transporterv1.Repository{
			Id: q.GetRepositoryId(), Name: q.GetName(), Path: q.GetPath(), Codec: q.GetCodec(), Encrypted: q.GetKey() != nil,
			Created: timestamppb.Now(), FreeBytes: 1 << 30, TotalBytes: 1 << 31,
		}}
		w.repositories[q.GetPath()] = r
	}
	r.attachedTo = me
	return &transporterv1.CreateRepositoryResponse{Repository: r.show()}, lost
}

func (r *repository) show() *transporterv1.Repository {
	info := proto.CloneOf(r.info)
	info.Points = int64(len(r.points))
	return info
}

func (c *control) AttachRepository(_ context.Context, q *transporterv1.AttachRepositoryRequest) (*transporterv1.AttachRepositoryResponse, error) {
	if err := c.p.called("AttachRepository"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.repositories[q.GetPath()]
	switch {
	case r == nil:
		return nil, fault.New(fault.NotFound, "there is no repository in %s", q.GetPath())
	case q.GetRepositoryId() != "" && r.info.GetId() != q.GetRepositoryId():
		return nil, fault.New(fault.Conflict, "%s holds another repository", q.GetPath())
	case r.attachedTo != "" && r.attachedTo != me:
		return nil, fault.New(fault.Conflict, "another Transporter has the repository")
	case r.passphrase != q.GetKey().GetPassphrase():
		return nil, fault.New(fault.Unauthorized, "the passphrase is wrong")
	case q.GetRecreate() && r.attachedTo != "":
		return nil, fault.New(fault.Conflict, "the repository is attached")
	}
	if q.GetRecreate() {
		r.points = nil
	}
	r.attachedTo = me
	return &transporterv1.AttachRepositoryResponse{Repository: r.show()}, nil
}

func (c *control) DetachRepository(_ context.Context, q *transporterv1.DetachRepositoryRequest) (*transporterv1.DetachRepositoryResponse, error) {
	if err := c.p.called("DetachRepository"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.repositories {
		if r.info.GetId() == q.GetRepositoryId() && r.attachedTo == me {
			r.attachedTo = ""
		}
	}
	return &transporterv1.DetachRepositoryResponse{}, nil
}

func (c *control) GetRepository(_ context.Context, q *transporterv1.GetRepositoryRequest) (*transporterv1.GetRepositoryResponse, error) {
	if err := c.p.called("GetRepository"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(me, q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	return &transporterv1.GetRepositoryResponse{Repository: r.show()}, nil
}

func (c *control) DeleteRepository(_ context.Context, q *transporterv1.DeleteRepositoryRequest) (*transporterv1.DeleteRepositoryResponse, error) {
	if err := c.p.called("DeleteRepository"); err != nil {
		return nil, err
	}
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.repositories[q.GetPath()]
	if r == nil || r.info.GetId() != q.GetRepositoryId() {
		return nil, fault.New(fault.NotFound, "the repository is not in %s", q.GetPath())
	}
	delete(w.repositories, q.GetPath())
	return &transporterv1.DeleteRepositoryResponse{}, nil
}

func (c *control) OpenTransfer(_ context.Context, q *transporterv1.OpenTransferRequest) (*transporterv1.OpenTransferResponse, error) {
	if err := c.p.called("OpenTransfer"); err != nil {
		return nil, err
	}
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	_, path, err := w.attached(me, q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	w.next++
	t := &transfer{
		id: fmt.Sprintf("transfer-%d", w.next), repositoryPath: path, target: me, source: q.GetSourceTransporterId(),
		port: int32(9448 + w.next%500), key: q.GetKey(),
	}
	token := fmt.Sprintf("token-%d", w.next)
	w.transfers[token] = t
	return &transporterv1.OpenTransferResponse{TransferId: t.id, Port: t.port, Token: []byte(token)}, nil
}

func (c *control) CloseTransfer(_ context.Context, q *transporterv1.CloseTransferRequest) (*transporterv1.CloseTransferResponse, error) {
	if err := c.p.called("CloseTransfer"); err != nil {
		return nil, err
	}
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	for token, t := range w.transfers {
		if t.id == q.GetTransferId() {
			delete(w.transfers, token)
			w.drop(func(s *session) bool { return s.transfer == t.id })
			return &transporterv1.CloseTransferResponse{}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "transfer %s is not open", q.GetTransferId())
}

func (c *control) ListPoints(q *transporterv1.ListPointsRequest, stream transporterv1.ControlService_ListPointsServer) error {
	if err := c.p.called("ListPoints"); err != nil {
		return err
	}
	points, err := c.points(q.GetRepositoryId())
	if err != nil {
		return err
	}
	fits := func(want, have string) bool { return want == "" || want == have }
	for _, p := range points {
		k := q.GetKey()
		if !fits(k.GetAccountId(), p.GetKey().GetAccountId()) || !fits(k.GetMailboxId(), p.GetKey().GetMailboxId()) || !fits(k.GetJobId(), p.GetKey().GetJobId()) {
			continue
		}
		if err := stream.Send(&transporterv1.ListPointsResponse{Points: []*transporterv1.Point{p}}); err != nil {
			return err
		}
	}
	return nil
}

func (c *control) points(id string) ([]*transporterv1.Point, error) {
	me := c.p.ID()
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(me, id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(r.points), nil
}

func (c *control) ListFolders(_ context.Context, q *transporterv1.ListFoldersRequest) (*transporterv1.ListFoldersResponse, error) {
	if err := c.p.called("ListFolders"); err != nil {
		return nil, err
	}
	points, err := c.points(q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	for _, p := range points {
		if p.GetId() == q.GetPointId() {
			return &transporterv1.ListFoldersResponse{Point: p, Folders: []*transporterv1.Folder{
				{Id: "inbox", Name: "Inbox", Role: "inbox", Messages: 2}, {Id: "sent", Name: "Sent", Role: "sentitems", Messages: 1},
			}}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no point %s", q.GetPointId())
}

// GetLedger finds every point one message short.
func (c *control) GetLedger(_ context.Context, q *transporterv1.GetLedgerRequest) (*transporterv1.GetLedgerResponse, error) {
	if err := c.p.called("GetLedger"); err != nil {
		return nil, err
	}
	w := c.p.World
	w.mu.Lock()
	defer w.mu.Unlock()
	r, _, err := w.attached(c.p.ID(), q.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	for _, p := range r.points {
		if p.GetId() == q.GetPointId() {
			return &transporterv1.GetLedgerResponse{
				Point: p, Balance: &transporterv1.Balance{Tenant: 4, Kept: 3, Folders: 1},
				Folders: []*transporterv1.LedgerFolder{
					{FolderId: "inbox", Path: "/Inbox", Before: 3, Tenant: 3, Kept: 2, Reasons: []*transporterv1.LedgerReason{
						{Cause: transporterv1.LedgerCause_LEDGER_CAUSE_LOST, Messages: 1, Text: "could not be kept"},
					}},
					{FolderId: "sent", Path: "/Sent", Before: 1, Tenant: 1, Kept: 1},
				},
			}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no point %q", q.GetPointId())
}

func (c *control) ListMessages(_ context.Context, q *transporterv1.ListMessagesRequest) (*transporterv1.ListMessagesResponse, error) {
	if err := c.p.called("ListMessages"); err != nil {
		return nil, err
	}
	if _, err := c.points(q.GetRepositoryId()); err != nil {
		return nil, err
	}
	answer := &transporterv1.ListMessagesResponse{Total: 2}
	for n := q.GetOffset(); n < 2; n++ {
		answer.Messages = append(answer.Messages, &transporterv1.MessageSummary{
			Id: fmt.Sprintf("message-%d", n), FolderId: q.GetFolderId(), Subject: "subject",
			From: &transporterv1.Address{Name: "Ada", Address: "ada@example.com"},
		})
	}
	return answer, nil
}
