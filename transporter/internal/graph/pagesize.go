package graph

import (
	"sync"

	"holdfast/pkg/mail"
)

const (
	smallestPage = 1
	// largePage is the size of an answer, in bytes, from which on pages are made smaller: it bounds the memory of a page.
	largePage = 16 << 20
	// growAfter is how many good pages in a row it takes to try a larger one.
	growAfter = 5
)

// pageSize adapts how many messages a mailbox is asked for at once: half as many when Graph fails under a page, twice as
// many again after a few good ones (contract 4.7).
type pageSize struct {
	mu   sync.Mutex
	now  int
	most int
	good int
}

func (p *pageSize) get() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *pageSize) failed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.good = max(p.now/2, smallestPage), 0
}

func (p *pageSize) read(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case bytes > largePage:
		p.now, p.good = max(p.now/2, smallestPage), 0
	case bytes > largePage/2:
		p.good = 0
	default:
		p.good++
	}
	if p.good >= growAfter && p.now < p.most {
		p.now, p.good = min(p.now*2, p.most), 0
	}
}

// pageSizeOf returns the page size of a mailbox.
func (c *Client) pageSizeOf(mailbox mail.MailboxID) *pageSize {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pageSizes[mailbox]
	if p == nil {
		p = &pageSize{now: c.opts.Limits.PageSize, most: c.opts.Limits.MaxPageSize}
		c.pageSizes[mailbox] = p
	}
	return p
}
