// Package graph reads and writes mail through Microsoft Graph v1.0 for one account: one app credential in one tenant.
// It is the only place that knows Graph's URLs, JSON, errors and limits; it speaks pkg/mail and pkg/fault to the rest.
//
// Invariants:
//
//   - Every request to a mailbox passes the governor of its app and mailbox, and is retried here and nowhere else.
//   - A token goes to the configured Graph root over TLS and to no other host, whatever links Graph returns.
//   - Every request asks for immutable ids, so an id means the same in all answers.
//   - A page is read message by message and an attachment as a stream: what is held at once is bounded by one page of
//     bodies, never by the size of an attachment.
//   - A write that twice would be two (a message, an attachment) is looked up before it is repeated.
//   - No content, address, subject or secret is logged or put into an error.
//
// Of Microsoft's SDK only the credential library (azidentity) is linked. Its Graph models decode a page into a tree many
// times its size and an attachment into one slice, which rules them out wherever there is much to read; what remains
// would not repay the minutes that they take to compile. Package oracle tests this one's JSON against them.
package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

// Client is Microsoft Graph as one account's app sees it. Its methods may be called by many goroutines.
type Client struct {
	*core
	counters []*Counter
}

// core is what a client shares with those that Counting made of it.
type core struct {
	opts  Options
	root  *url.URL // Graph's root, without version
	base  string   // root with version, no slash at the end
	http  *http.Client
	creds *credentials
	gov   *governor.Registry
	log   hclog.Logger

	mu        sync.Mutex
	pageSizes map[mail.MailboxID]*pageSize
	roles     roleMemory

	full      fullMailboxes
	noHeaders atomic.Bool // Graph refused internetMessageHeaders in a delta
	noDelta   atomic.Bool // Graph refused a delta of messages altogether
}

// New returns a client for the options, or an Invalid fault that names everything wrong with them. It sends nothing.
func New(o Options) (*Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	root, err := url.Parse(o.Root)
	if err != nil {
		return nil, fmt.Errorf("parse the Graph root: %w", err)
	}
	c := &core{
		opts: o, root: root, base: root.String() + "/v1.0", gov: o.Governors, log: o.Logger,
		pageSizes: map[mail.MailboxID]*pageSize{}, full: fullMailboxes{now: o.Now},
	}
	c.http = &http.Client{
		Transport: o.HTTPTransport,
		// A redirect could carry the token to a foreign host, and Graph's mail API sends none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.creds, err = newCredentials(o); err != nil {
		return nil, err
	}
	return &Client{core: c, counters: []*Counter{o.Counter}}, nil
}

// Counting returns the same client, with the same token and limits, whose requests are counted by counter too: one task's
// share of them. Requests for tokens belong to no task.
func (c *Client) Counting(counter *Counter) *Client {
	return &Client{core: c.core, counters: append(c.counters[:len(c.counters):len(c.counters)], counter)}
}

// Account returns the account the client was made for.
func (c *Client) Account() mail.AccountID { return c.opts.Account }

// Requests returns how many requests were sent so far, by kind: those of the counter that was given last, to Counting or
// in the options.
func (c *Client) Requests() Requests { return c.counters[len(c.counters)-1].Snapshot() }

// count adds to all counters.
func (c *Client) count(f func(*Requests)) {
	for _, one := range c.counters {
		one.add(f)
	}
}

func (c *Client) countThrottled() { c.count(func(r *Requests) { r.Throttled++ }) }
func (c *Client) countRetried()   { c.count(func(r *Requests) { r.Retried++ }) }

// Waiting returns what Microsoft's limits hold back for the mailbox at this moment; false when nothing.
func (c *Client) Waiting(mailbox mail.MailboxID) (governor.Wait, bool) {
	return c.gov.WaitingFor(c.key(mailbox))
}

func (c *Client) key(mailbox mail.MailboxID) governor.Key {
	return governor.Key{App: string(c.opts.Tenant) + "/" + c.opts.ClientID, Mailbox: mailbox}
}
