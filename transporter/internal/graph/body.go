package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errSilent is why a request was given up when its answer stopped coming.
var errSilent = errors.New("the answer stopped coming")

// answerBody is the body of an answer. It gives up when nothing comes for a while, and ends the request's place in the
// governor when it is closed.
type answerBody struct {
	io.ReadCloser
	timer   *time.Timer
	silence time.Duration
	ctx     context.Context //nolint:containedctx // it belongs to the one request whose body this is
	end     func()
	once    sync.Once
	read    int64
}

func guard(ctx context.Context, cancel context.CancelCauseFunc, resp *http.Response, silence time.Duration, end func()) {
	b := &answerBody{ReadCloser: resp.Body, silence: silence, ctx: ctx, end: end}
	b.timer = time.AfterFunc(silence, func() { cancel(errSilent) })
	b.timer.Stop()
	resp.Body = b
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.silence)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	b.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), errSilent) {
		err = errSilent
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() {
		b.timer.Stop()
		b.end()
	})
	return err
}

// bytesOf returns how much of an answer's body has been read.
func bytesOf(resp *http.Response) int64 {
	if b, ok := resp.Body.(*answerBody); ok {
		return b.read
	}
	return 0
}

// drain reads what little is left of a body, so that its connection can be used again.
func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, 64<<10) }
