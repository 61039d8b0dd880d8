package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/measure/prose"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

const (
	largeFolder = "large"
	// laterPoints follow the first, and in each so many messages in a thousand have changed.
	laterPoints = 10
	changedMill = 5
	pageSize    = 100
)

// writeFolder backs up one folder of many messages, with the headers that mail has, and then a few points that differ little.
func writeFolder(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		key := record.BackupKey{Account: "a", Mailbox: "box", Job: "j"}
		for n := range laterPoints + 1 {
			s, err := r.Begin(ctx, key, record.RunID(fmt.Sprint("run", n)))
			if err != nil {
				return nil, err
			}
			list := make([]int, 0, t.count)
			for i := range t.count {
				if n == 0 || (i*7+n)%1000 < changedMill {
					list = append(list, i)
				}
			}
			for part := range slices.Chunk(list, perCommit) {
				if err := commitNumbers(ctx, s, part, n); err != nil {
					return nil, err
				}
			}
			folder := []mail.Folder{{ID: largeFolder, Name: largeFolder}}
			if _, err := s.Seal(ctx, backup.Summary{Run: record.RunID(fmt.Sprint("run", n)), Time: time.Unix(2_000_000_000+int64(n)*86400, 0), Folders: folder}); err != nil {
				return nil, err
			}
		}
		return counts{}, nil
	})
}

func commitNumbers(ctx context.Context, s *repository.Session, numbers []int, point int) error {
	var list []prose.Message
	for _, n := range numbers {
		m := prose.Messages(n, 1)[0]
		m.Record.Folder, m.Record.Read = largeFolder, (n+point)%2 == 0
		m.Record.Sent = m.Record.Received.Add(-time.Minute)
		m.Record.BodyPreview = string(m.Body[:min(len(m.Body), 255)])
		for i := range 12 { // some 3 KB, as those of mail that went over a few servers
			value := strings.Repeat(fmt.Sprintf("by mx%d.example.com with ESMTPS id %x; ", i, n*31+i), 6)
			m.Record.Headers = append(m.Record.Headers, mail.Header{Name: fmt.Sprint("X-Received-", i), Value: value})
		}
		list = append(list, m)
	}
	_, err := commit(ctx, s, list)
	return err
}

// browseFolder asks a Transporter for pages of a large folder, over gRPC, of the oldest and the newest point.
func browseFolder(ctx context.Context, t *measured) (out counts, err error) {
	b, err := serve(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	if err := b.list(ctx); err != nil {
		return nil, err
	}
	for _, point := range []*transporterv1.Point{b.points[0], b.points[len(b.points)-1]} {
		if err := b.pages(ctx, point, t.asks); err != nil {
			return nil, err
		}
	}
	if err := b.compare(ctx); err != nil {
		return nil, err
	}
	b.out["peak_bytes"] = float64(peak())
	return b.out, nil
}

// browser is a Transporter that has the repository attached, with a client of it.
type browser struct {
	client     transporterv1.ControlServiceClient
	repository string
	points     []*transporterv1.Point // oldest first
	rnd        *rand.Rand
	out        counts
	end        func() error
}

// serve opens the repository as a Transporter does and connects to it.
func serve(ctx context.Context, t *measured) (*browser, error) {
	onShelf := shelf.New(func() string { return "measured" }, time.Now)
	if _, err := onShelf.Attach(ctx, shelf.Request{Path: t.repository, Secret: repository.Secret{KeyFile: t.key}}); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, onShelf.Close())
	}
	server, done := grpc.NewServer(), make(chan error, 1)
	transporterv1.RegisterControlServiceServer(server, control.New(control.Options{Shelf: onShelf, Logger: hclog.NewNullLogger(), Now: time.Now}))
	go func() { done <- server.Serve(listener) }()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	end := func() error {
		server.Stop()
		return errors.Join(<-done, onShelf.Close())
	}
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return &browser{
		client: transporterv1.NewControlServiceClient(connection), repository: onShelf.Attached()[0],
		rnd: rand.New(rand.NewPCG(1, 3)), out: counts{}, end: func() error { return errors.Join(connection.Close(), end()) },
	}, nil
}

// list finds the points.
func (b *browser) list(ctx context.Context) error {
	stream, err := b.client.ListPoints(ctx, &transporterv1.ListPointsRequest{RepositoryId: b.repository})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		b.points = append(b.points, part.GetPoints()...)
	}
	slices.SortFunc(b.points, func(x, y *transporterv1.Point) int { return x.GetTime().AsTime().Compare(y.GetTime().AsTime()) })
	if len(b.points) < 2 {
		return fmt.Errorf("the repository has %d points; make them with write-folder", len(b.points))
	}
	return nil
}

// most keeps the greatest value of a count.
func (b *browser) most(name string, took time.Duration) { b.out[name] = max(b.out[name], ms(took)) }

// pages asks for the first page, and for pages anywhere in every order, both ways. The first page of an order may have to
// wait until the order is made, and is counted for itself.
func (b *browser) pages(ctx context.Context, point *transporterv1.Point, asks int) error {
	q := &transporterv1.ListMessagesRequest{RepositoryId: b.repository, PointId: point.GetId(), FolderId: largeFolder, Limit: pageSize}
	took, total, err := b.page(ctx, q)
	if err != nil {
		return err
	}
	b.most("first_page_ms", took)
	for o := transporterv1.MessageOrder_MESSAGE_ORDER_RECEIVED; o <= transporterv1.MessageOrder_MESSAGE_ORDER_SIZE; o++ {
		q.Order, q.Offset = o, 0
		spent := cpu()
		if took, _, err = b.page(ctx, q); err != nil {
			return err
		}
		b.most("arrange_ms", took)
		b.most("arrange_cpu_ms", cpu()-spent)
		var all []time.Duration
		spent = cpu()
		for i := range max(10, asks) {
			q.Ascending, q.Offset = i%2 == 0, b.rnd.Int64N(total)
			if took, _, err = b.page(ctx, q); err != nil {
				return err
			}
			all = append(all, took)
		}
		b.most("page_cpu_ms", (cpu()-spent)/time.Duration(len(all)))
		slices.Sort(all)
		b.most("typical_page_ms", all[len(all)/2])
		b.most("any_page_ms", all[len(all)*99/100])
	}
	q.Order, q.Offset, q.Filter = 0, 0, "inter"
	took, _, err = b.page(ctx, q)
	b.most("filter_ms", took)
	return err
}

func (b *browser) page(ctx context.Context, q *transporterv1.ListMessagesRequest) (took time.Duration, total int64, err error) {
	began := time.Now()
	answer, err := b.client.ListMessages(ctx, q)
	took, total = time.Since(began), answer.GetTotal()
	if err == nil && len(answer.GetMessages()) != int(min(pageSize, total-q.GetOffset())) {
		err = fmt.Errorf("a page from %d has %d of %d messages", q.GetOffset(), len(answer.GetMessages()), total)
	}
	return took, total, err
}

// compare tells the last two points apart, and follows a message through all.
func (b *browser) compare(ctx context.Context) error {
	newer, older := b.points[len(b.points)-1], b.points[len(b.points)-2]
	began := time.Now()
	stream, err := b.client.DiffPoints(ctx, &transporterv1.DiffPointsRequest{
		RepositoryId: b.repository, OlderPointId: older.GetId(), NewerPointId: newer.GetId(), Limit: pageSize,
	})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		b.out["differences"] = float64(part.GetSummary().GetTotal())
	}
	b.most("diff_ms", time.Since(began))
	page, err := b.client.ListMessages(ctx, &transporterv1.ListMessagesRequest{
		RepositoryId: b.repository, PointId: newer.GetId(), FolderId: largeFolder, Offset: newer.GetCounts().GetMessages() / 2, Limit: 1,
	})
	if err != nil {
		return err
	}
	began = time.Now()
	answer, err := b.client.GetMessageHistory(ctx, &transporterv1.GetMessageHistoryRequest{
		RepositoryId: b.repository, PointId: newer.GetId(), FolderId: largeFolder, MessageId: page.GetMessages()[0].GetId(),
	})
	b.most("history_ms", time.Since(began))
	if err == nil && answer.GetPoints() != int64(len(b.points)) {
		err = fmt.Errorf("the history is of %d points, not of all %d", answer.GetPoints(), len(b.points))
	}
	return err
}
