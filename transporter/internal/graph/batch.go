package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

// maxBatch is how many requests one batch may hold (contract 8).
const maxBatch = 20

// item is one GET within a batch.
type item struct {
	path    string // from the version root on
	mailbox mail.MailboxID
	prefer  []string
}

// reply is the answer to an item: a body, or why there is none.
type reply struct {
	body json.RawMessage
	err  error // an *answerError, or what ended the batch
}

type batchRequest struct {
	Requests []batchItem `json:"requests"`
}

type batchItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

type batchReply struct {
	ID      string                     `json:"id"`
	Status  int                        `json:"status"`
	Headers map[string]json.RawMessage `json:"headers"`
	Body    json.RawMessage            `json:"body"`
}

// batch sends any number of GETs, twenty at a time, and returns their replies in the same order. Items that are told to
// wait or fail for the moment are sent again. mailbox is whose limits they count against; when it is empty each item's
// own mailbox is charged, without waiting for it. The error is that of the batch as a whole.
func (c *Client) batch(ctx context.Context, kind RequestKind, mailbox mail.MailboxID, items []item) ([]reply, error) {
	replies := make([]reply, len(items))
	todo := make([]int, len(items))
	for i := range items {
		todo[i] = i
	}
	for tries, throttles := 0, 0; len(todo) > 0; {
		n := min(len(todo), maxBatch)
		if err := c.batchOnce(ctx, kind, mailbox, items, todo[:n], replies); err != nil {
			return nil, err
		}
		var again []int
		var pause time.Duration
		throttled, failed := false, false
		for _, i := range todo[:n] {
			var a *answerError
			var m meaning
			if errors.As(replies[i].err, &a) {
				m = a.meaning()
				pause = max(pause, a.retryAfter)
			} else {
				m.again = replies[i].err != nil
			}
			if m.throttle {
				c.countThrottled()
			}
			throttled, failed = throttled || m.throttle, failed || m.again
			if m.throttle || m.again {
				again = append(again, i)
			}
		}
		rest := todo[n:]
		if len(again) == 0 {
			todo, tries, throttles = rest, 0, 0
			continue
		}
		tries, throttles = tries+btoi(failed), throttles+btoi(throttled)
		if tries >= c.opts.Limits.Tries || throttles >= c.opts.Limits.ThrottleTries || pause > c.opts.Limits.MaxPause {
			todo, tries, throttles = rest, 0, 0 // their errors stand
			continue
		}
		todo = append(append([]int(nil), rest...), again...)
		if pause == 0 {
			pause = c.backoff(max(tries, throttles))
		}
		if throttled {
			c.gov.Pause(c.key(mailbox), max(pause, 50*time.Millisecond))
		} else if err := c.gov.Sleep(ctx, c.key(mailbox), pause); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// batchOnce sends the items named by which as one request and files their replies.
func (c *Client) batchOnce(ctx context.Context, kind RequestKind, mailbox mail.MailboxID, items []item, which []int, replies []reply) error {
	var b batchRequest
	for n, i := range which {
		b.Requests = append(b.Requests, batchItem{
			ID: strconv.Itoa(n + 1), Method: http.MethodGet, URL: items[i].path,
			Headers: map[string]string{"Prefer": strings.Join(append([]string{immutableIDs}, items[i].prefer...), ", ")},
		})
		if mailbox == "" {
			c.gov.Note(c.key(items[i].mailbox), 1)
		}
		replies[i] = reply{err: transient(fault.New(fault.Unavailable, "Microsoft left this request out of its answer to a batch"))}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write a batch: %w", err)
	}
	r := request{
		kind: kind, method: http.MethodPost, url: c.base + "/$batch", mailbox: mailbox,
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)),
		cost: governor.Cost{Requests: len(which), Slots: len(which)}, metered: len(which),
	}
	if mailbox == "" {
		r.cost = governor.Cost{} // the items are charged to their own mailboxes
	}
	return c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		dec := json.NewDecoder(resp.Body)
		return eachMember(dec, func(name string) error {
			if name != "responses" {
				var skipped json.RawMessage
				return dec.Decode(&skipped)
			}
			return eachElement(dec, func() error {
				var got batchReply
				if err := dec.Decode(&got); err != nil {
					return err
				}
				n, err := strconv.Atoi(got.ID)
				if err != nil || n < 1 || n > len(which) {
					return fmt.Errorf("an answer to %q, which was not asked", clip(got.ID))
				}
				replies[which[n-1]] = c.judge(got)
				return nil
			})
		})
	})
}

func (c *Client) judge(got batchReply) reply {
	if got.Status >= 200 && got.Status <= 299 {
		return reply{body: got.Body}
	}
	header := http.Header{}
	for name, raw := range got.Headers {
		value := text(raw)
		if value == "" {
			value = strings.Trim(string(raw), `"`) // a bare number
		}
		header.Set(name, value)
	}
	return reply{err: parseAnswerError(got.Status, header, got.Body, c.opts.Now())}
}

// into decodes a reply's body.
func (r reply) into(v any) error {
	if r.err != nil {
		return r.err
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		return transient(fault.New(fault.Unavailable, "an answer within a batch cannot be read: %s", clip(err.Error())))
	}
	return nil
}
