package graph

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Why a user has no mailbox that can be read: the values of mail.Mailbox.Absent.
const (
	AbsentNoMailbox = "no mailbox"
	AbsentDenied    = "denied"
	AbsentGone      = "gone"
)

type wireUser struct {
	ID          string `json:"id"`
	Principal   string `json:"userPrincipalName"`
	Mail        string `json:"mail"`
	DisplayName string `json:"displayName"`
}

// probes is how many batches of probes are under way at the same time.
const probes = 4

// Mailboxes lists every user of the tenant with the kind of mailbox behind them, in Graph's order. Users without one come
// too, with Absent set; they are no error. The iteration ends after its first error. One request lists 999 users and one
// batch asks about 20 of them.
func (c *Client) Mailboxes(ctx context.Context) iter.Seq2[mail.Mailbox, error] {
	return func(yield func(mail.Mailbox, error) bool) {
		address := c.base + query("/users", "$select", "id,userPrincipalName,mail,displayName", "$top", "999")
		for address != "" {
			users, l, err := getPage[wireUser](ctx, c, request{kind: KindUsers, url: address})
			if err == nil {
				address = ""
				if l.next != "" {
					address, err = c.follow(l.next)
				}
			}
			if err != nil {
				yield(mail.Mailbox{}, finish(err))
				return
			}
			for chunk := range slices.Chunk(users, maxBatch*probes) {
				boxes, err := c.probeAll(ctx, chunk)
				if err != nil {
					yield(mail.Mailbox{}, finish(err))
					return
				}
				for _, m := range boxes {
					if !yield(m, nil) {
						return
					}
				}
			}
		}
	}
}

// probeAll asks about the users in parallel batches.
func (c *Client) probeAll(ctx context.Context, users []wireUser) ([]mail.Mailbox, error) {
	boxes := make([]mail.Mailbox, len(users))
	for i, u := range users {
		boxes[i] = mail.Mailbox{ID: mail.MailboxID(u.ID), Name: u.DisplayName, Address: u.Mail}
		if u.Mail == "" {
			boxes[i].Address = u.Principal
		}
	}
	chunks := slices.Collect(slices.Chunk(boxes, maxBatch))
	errs := make([]error, len(chunks))
	var wg sync.WaitGroup
	for i, chunk := range chunks {
		wg.Go(func() { errs[i] = c.probe(ctx, chunk) })
	}
	wg.Wait()
	return boxes, errors.Join(errs...)
}

// probe fills in kind and absence of at most twenty mailboxes. Their settings answer both questions at once; where the
// app may not read settings, the inbox tells at least whether there is a mailbox (contract 2.2).
func (c *Client) probe(ctx context.Context, boxes []mail.Mailbox) error {
	left := make([]int, len(boxes))
	for i := range boxes {
		left[i] = i
	}
	if c.mayReadSettings(ctx) {
		replies, err := c.probeOnce(ctx, boxes, left, "/mailboxSettings?$select=userPurpose")
		if err != nil {
			return err
		}
		asked := left
		left = nil
		for n, i := range asked {
			var got struct {
				Purpose string `json:"userPurpose"`
			}
			switch err := replies[n].into(&got); {
			case err == nil:
				boxes[i].Kind = kindOfPurpose(got.Purpose)
			case errors.Is(err, ErrMailboxGone):
				boxes[i].Absent = absence(err)
			default:
				left = append(left, i)
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	replies, err := c.probeOnce(ctx, boxes, left, "/mailFolders/inbox?$select=id")
	if err != nil {
		return err
	}
	for n, i := range left {
		if boxes[i].Absent = absence(replies[n].err); boxes[i].Absent == "" && replies[n].err != nil {
			return replies[n].err
		}
	}
	return nil
}

func (c *Client) probeOnce(ctx context.Context, boxes []mail.Mailbox, which []int, path string) ([]reply, error) {
	items := make([]item, len(which))
	for n, i := range which {
		items[n] = item{path: user(boxes[i].ID) + path, mailbox: boxes[i].ID}
	}
	return c.batch(ctx, KindProbe, "", items)
}

// mayReadSettings reports whether it is worth asking for mailbox settings: no, when the token shows that the permission is
// missing. A token that shows nothing is worth a try.
func (c *Client) mayReadSettings(ctx context.Context) bool {
	token, err := c.creds.get(ctx)
	if err != nil {
		return true // the request will say why
	}
	roles, shown := rolesOf(token.Token)
	return !shown || slices.ContainsFunc(roles, func(r string) bool { return strings.HasPrefix(r, "MailboxSettings.") })
}

// absence classifies the failure of a probe; "" when it says nothing about the mailbox.
func absence(err error) string {
	var a *answerError
	if !errors.As(err, &a) {
		return ""
	}
	switch {
	case a.has("Request_ResourceNotFound"), a.has("ErrorInvalidUser"):
		return AbsentGone
	case errors.Is(err, ErrMailboxGone), a.status == http.StatusNotFound:
		return AbsentNoMailbox
	case a.meaning().kind == fault.Denied:
		return AbsentDenied
	}
	return ""
}

func kindOfPurpose(purpose string) mail.MailboxKind {
	switch strings.ToLower(purpose) {
	case "user", "linked":
		return mail.MailboxUser
	case "shared":
		return mail.MailboxShared
	case "room":
		return mail.MailboxRoom
	case "equipment":
		return mail.MailboxEquipment
	}
	return mail.MailboxUnknown
}
