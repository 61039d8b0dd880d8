package depot

import (
	"context"
	"sync"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

// Owner is whose mail a point holds.
type Owner struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
	// Name is what the mailbox was called when the point was made. It may be empty.
	Name string
}

// rememberedOwners is of how many points it is remembered whose they are: some 3 MB.
const rememberedOwners = 10_000

// owners remembers whose points are, which never changes. Its zero value remembers nothing.
type owners struct {
	mu   sync.Mutex
	list map[place]Owner
}

type place struct {
	repository record.RepositoryID
	point      record.PointID
}

func (o *owners) get(p place) (Owner, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	owner, ok := o.list[p]
	return owner, ok
}

func (o *owners) put(p place, owner Owner) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.list == nil || len(o.list) >= rememberedOwners {
		o.list = map[place]Owner{}
	}
	o.list[p] = owner
}

// Owner tells whose mail a point holds. The Transporter of its repository is asked once. Its errors are those of Folders.
func (s *Service) Owner(ctx context.Context, id record.RepositoryID, point record.PointID) (Owner, error) {
	at := place{id, point}
	if owner, ok := s.owners.get(at); ok {
		return owner, nil
	}
	answer, err := s.Folders(ctx, id, point)
	if err != nil {
		return Owner{}, err
	}
	key := answer.GetPoint().GetKey()
	owner := Owner{mail.AccountID(key.GetAccountId()), mail.MailboxID(key.GetMailboxId()), answer.GetPoint().GetOrigin().GetMailboxName()}
	s.owners.put(at, owner)
	return owner, nil
}
