package repository

import (
	"context"
	"sync"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// flights are the blobs that are being asked for and sent at this moment: what two batches need is sent by one of them.
type flights struct {
	mu  sync.Mutex
	now map[record.Hash]*flight
}

type flight struct {
	over chan struct{}
	err  error // why it did not arrive; to be read when over is closed
}

// board returns the flight of a blob, and whether it is the caller who has to land it.
func (f *flights) board(hash record.Hash) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other := f.now[hash]; other != nil {
		return other, false
	}
	mine := &flight{over: make(chan struct{})}
	f.now[hash] = mine
	return mine, true
}

func (f *flights) land(hash record.Hash, fl *flight, err error) {
	f.mu.Lock()
	delete(f.now, hash)
	f.mu.Unlock()
	fl.err = err
	close(fl.over)
}

// send asks for a batch and puts what the target lacks. What another batch has in flight is waited for last, when nothing of
// this one is in flight any more, so that batches cannot wait for each other.
func (c *copier) send(ctx context.Context, w *copyWalk, items []copyItem) error {
	mine := make([]*flight, 0, len(items))
	own := make([]copyItem, 0, len(items))
	type awaited struct {
		item copyItem
		*flight
	}
	var others []awaited
	for _, item := range items {
		if fl, ok := c.flights.board(item.hash); ok {
			own, mine = append(own, item), append(mine, fl)
		} else {
			others = append(others, awaited{item, fl})
		}
	}
	if err := c.sendOwn(ctx, w, own, mine); err != nil {
		return err
	}
	for _, o := range others {
		select {
		case <-o.over:
		case <-ctx.Done():
			return ctx.Err()
		}
		if o.err == nil {
			continue
		}
		if err := w.lost(o.item, o.err); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) sendOwn(ctx context.Context, w *copyWalk, items []copyItem, flights []*flight) (err error) {
	landed := 0
	defer func() {
		for i := landed; i < len(items); i++ {
			c.flights.land(items[i].hash, flights[i], err)
		}
	}()
	if len(items) == 0 {
		return nil
	}
	hashes := make([]record.Hash, len(items))
	for i := range items {
		hashes[i] = items[i].hash
	}
	have, err := c.to.Have(ctx, hashes)
	if err != nil {
		return err
	}
	var buf []byte
	var sent, bytes int64
	for i := range items {
		var lost error
		if !have[i] {
			var n int
			if n, buf, lost, err = c.transfer(ctx, &items[i], buf); err != nil {
				return err
			}
			if lost == nil {
				sent, bytes = sent+1, bytes+int64(n)
			} else if err = w.lost(items[i], lost); err != nil {
				return err
			}
		}
		c.flights.land(items[i].hash, flights[i], lost)
		landed++
	}
	c.tell(func(r *CopyReport, _ *CopyProgress) {
		r.Asked += int64(len(items))
		r.Sent += sent
		r.Bytes += bytes
	})
	return nil
}

// transfer reads a blob and puts it. Lost is why it cannot be read; err is the target's.
func (c *copier) transfer(ctx context.Context, item *copyItem, buf []byte) (n int, next []byte, lost, err error) {
	if err := ctx.Err(); err != nil {
		return 0, buf, nil, err
	}
	var data []byte
	if item.typ == pack.Piece || item.typ == pack.Root {
		data, lost = c.r.blobs.Get(item.hash, buf)
		if lost == nil {
			buf = data
		}
	} else {
		data, lost = c.r.trees.Load(item.hash) // most likely still in memory
	}
	if lost != nil {
		return 0, buf, lost, nil
	}
	return len(data), buf, nil, c.to.Put(ctx, item.typ, item.hash, data)
}
