package repository

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// root is a point's root with its folder table.
type root struct {
	id      index.Point
	pb      *pb.Root
	folders []folder
	byID    map[mail.FolderID]int
	// damage says what of the folder table could not be read; nil when folders are all there were.
	damage error
}

// folder is one folder of a point.
type folder struct {
	mail.Folder
	cursor      mail.Cursor
	enumerating bool
	namedAll    bool
	named       *pb.List
	tree        *tree.Ref // nil when empty
	short       uint32    // for the message table
	after       *int64    // what the mailbox had in it when the run ended; nil when that is not known, or it was gone
}

func (f *folder) counts() record.Counts {
	if f.tree == nil {
		return record.Counts{}
	}
	s := f.tree.Sums
	return record.Counts{Messages: s.Messages, Attachments: s.Attachments, Bytes: s.Bytes, Lost: s.Lost}
}

func toFolder(f *folder) *pb.Folder {
	p := &pb.Folder{
		Id: string(f.ID), Parent: string(f.Parent), Name: f.Name, Role: string(f.Role), Hidden: f.Hidden, Total: int64(f.Total),
		Cursor: string(f.cursor), Enumerating: f.enumerating, NamedAll: f.namedAll, Named: f.named,
		After: f.after,
	}
	if f.tree != nil {
		p.Tree = &pb.Tree{Hash: f.tree.Hash[:], Level: uint32(f.tree.Level), Counts: toCounts(f.counts())}
	}
	return p
}

func fromFolder(p *pb.Folder) (folder, error) {
	f := folder{
		Folder: mail.Folder{
			ID: mail.FolderID(p.GetId()), Parent: mail.FolderID(p.GetParent()), Name: p.GetName(), Role: mail.Role(p.GetRole()),
			Hidden: p.GetHidden(), Total: int(p.GetTotal()),
		},
		cursor: mail.Cursor(p.GetCursor()), enumerating: p.GetEnumerating(), namedAll: p.GetNamedAll(), named: p.GetNamed(),
		short: shortFolder(mail.FolderID(p.GetId())), after: p.After,
	}
	t := p.GetTree()
	if t == nil {
		return f, nil
	}
	c := t.GetCounts()
	if len(t.GetHash()) != 32 || t.GetLevel() > 255 || c.GetMessages() < 1 {
		return f, fault.New(fault.Corrupt, "the folder table of a recovery point is damaged")
	}
	f.tree = &tree.Ref{Hash: record.Hash(t.GetHash()), Level: uint8(t.GetLevel()), Sums: tree.Sums{
		Messages: c.GetMessages(), Weight: message.Weight{Attachments: c.GetAttachments(), Bytes: c.GetBytes(), Lost: c.GetLost()},
	}}
	return f, nil
}

// loadRoot reads a point's root and folder table.
func (r *Repository) loadRoot(id index.Point) (*root, error) {
	p, err := r.loadRecord(id)
	if err != nil {
		return nil, err
	}
	ro, err := r.folders(p)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "recovery point %s: %w", pointID(id), err)
	}
	ro.id = id
	return ro, nil
}

// loadRecord reads a point's root alone.
func (r *Repository) loadRecord(id index.Point) (*pb.Root, error) {
	data, err := r.blobs.Get(record.Hash(id), nil)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "recovery point %s: %w", pointID(id), err)
	}
	p := &pb.Root{}
	if err := proto.Unmarshal(data, p); err != nil {
		return nil, fault.New(fault.Corrupt, "recovery point %s is damaged: %w", pointID(id), err)
	}
	if err := message.Understood("recovery point "+string(pointID(id)), p.GetNeeds()); err != nil {
		return nil, err
	}
	return p, nil
}

// folders reads the folder table. A part of it that cannot be read costs the folders in it; Corrupt means that there is none
// left.
func (r *Repository) folders(p *pb.Root) (*root, error) {
	items, damage, err := r.trees.loadItems(p.GetFolders(), func(data []byte) bool {
		var f pb.Folder
		return proto.Unmarshal(data, &f) == nil && f.GetId() != ""
	})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 && damage != nil {
		return nil, damage
	}
	ro := &root{pb: p, byID: map[mail.FolderID]int{}, damage: damage}
	for _, data := range items {
		var f pb.Folder
		if err := proto.Unmarshal(data, &f); err != nil {
			ro.damage = cmp.Or[error](ro.damage, fault.New(fault.Corrupt, "a folder of a recovery point is damaged: %w", err))
			continue
		}
		fo, err := fromFolder(&f)
		if err != nil {
			ro.damage = cmp.Or(ro.damage, err)
			continue
		}
		ro.byID[fo.ID] = len(ro.folders)
		ro.folders = append(ro.folders, fo)
	}
	return ro, nil
}

// Point reads one recovery point. It may be used by several goroutines and needs no closing. Once the point is deleted and
// its space reclaimed, its methods return NotFound where they miss something.
type Point struct {
	r    *Repository
	info record.Point
	root *root
}

// Folder is a folder of a point, with what is directly in it.
type Folder struct {
	mail.Folder
	Counts record.Counts
}

// Point opens a recovery point for reading. One that is not there is NotFound, one whose root is damaged Corrupt.
func (r *Repository) Point(ctx context.Context, id record.PointID) (*Point, error) {
	rec, info, err := r.findPoint(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &Point{r: r, info: info}
	if p.root, err = r.loadRoot(rec.Point); err != nil {
		return nil, p.departed(err)
	}
	return p, nil
}

// Info describes the point.
func (p *Point) Info() record.Point { return p.info }

// Folders returns the folders as the mailbox had them.
func (p *Point) Folders() []Folder {
	list := make([]Folder, len(p.root.folders))
	for i := range p.root.folders {
		f := &p.root.folders[i]
		list[i] = Folder{Folder: f.Folder, Counts: f.counts()}
	}
	return list
}

// Damage says what of the folder table cannot be read, so that Folders lacks it; nil when nothing is missing.
func (p *Point) Damage() error { return p.root.damage }

func (p *Point) folder(id mail.FolderID) (*folder, error) {
	if err := p.r.usable(); err != nil {
		return nil, err
	}
	i, ok := p.root.byID[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "folder %s is not in recovery point %s", id, p.info.ID)
	}
	return &p.root.folders[i], nil
}

// Messages returns up to limit records of a folder in the order of receipt, beginning with the one at place from. Those
// that cannot be read keep their places and count to the limit: the others are returned together with an *UnreadableError.
func (p *Point) Messages(ctx context.Context, id mail.FolderID, from, limit int, newestFirst bool) ([]record.Message, error) {
	list := make([]record.Message, 0, max(0, min(limit, 1024)))
	var gaps []Gap
	err := p.each(ctx, id, int64(from), int64(limit), newestFirst, func(m *record.Message) error {
		list = append(list, *m)
		return nil
	}, func(g Gap) error {
		gaps = append(gaps, g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if gaps != nil {
		return list, &UnreadableError{Folder: id, Gaps: gaps}
	}
	return list, nil
}

// All iterates over the records of a folder in the order of receipt. Messages that cannot be read are yielded as an
// *UnreadableError without a record, and the iteration goes on behind them; any other error ends it.
func (p *Point) All(ctx context.Context, id mail.FolderID) iter.Seq2[*record.Message, error] {
	return func(yield func(*record.Message, error) bool) {
		stopped := errors.New("stopped")
		err := p.each(ctx, id, 0, 1<<62, false, func(m *record.Message) error {
			if !yield(m, nil) {
				return stopped
			}
			return nil
		}, func(g Gap) error {
			if !yield(nil, &UnreadableError{Folder: id, Gaps: []Gap{g}}) {
				return stopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(nil, err)
		}
	}
}

func (p *Point) each(ctx context.Context, id mail.FolderID, from, limit int64, newestFirst bool, fn func(*record.Message) error, gap func(Gap) error) error {
	f, err := p.folder(id)
	if err != nil || f.tree == nil {
		return err
	}
	at := from
	return tree.Range(ctx, loader{p}, *f.tree, from, limit, newestFirst, func(e *tree.Entry) error {
		at++
		m, err := e.Message(id)
		if err != nil {
			return gap(Gap{From: at - 1, Count: 1, Reason: err.Error()})
		}
		return fn(m)
	}, func(g tree.Gap) error {
		at += g.Count
		return gap(Gap{From: g.From, Count: g.Count, Reason: g.Err.Error()})
	})
}

// Message returns the record of one message of a folder. One that is not there is NotFound; one that is not found while
// parts of the folder cannot be read is Corrupt.
func (p *Point) Message(ctx context.Context, id mail.FolderID, msg mail.MessageID) (*record.Message, error) {
	f, err := p.folder(id)
	if err != nil {
		return nil, err
	}
	notFound := fault.New(fault.NotFound, "message %s is not in folder %s of recovery point %s", msg, id, p.info.ID)
	if f.tree == nil {
		return nil, notFound
	}
	h := message.HashOf(msg)
	// The table of the newest point nearly always knows when the message was received; the folder is read through only for
	// messages that newer points do not have.
	secs, err := p.r.receivedHints(ctx, p.info.Key, h)
	if err != nil {
		return nil, err
	}
	for _, sec := range secs {
		e, err := tree.Find(ctx, loader{p}, *f.tree, h, sec)
		if err != nil && fault.KindOf(err) != fault.Corrupt {
			return nil, err
		}
		if e != nil {
			return e.Message(id)
		}
	}
	var found *record.Message
	var damage error
	err = tree.Range(ctx, loader{p}, *f.tree, 0, f.tree.Sums.Messages, false, func(e *tree.Entry) error {
		if e.Key.ID != h || found != nil {
			return nil
		}
		var err error
		found, err = e.Message(id)
		return err
	}, func(g tree.Gap) error {
		damage = cmp.Or(damage, g.Err)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case found != nil:
		return found, nil
	case damage != nil:
		return nil, fault.New(fault.Corrupt, "message %s is not among those of folder %s that can be read: %w", msg, id, damage)
	default:
		return nil, notFound
	}
}

// MessageAt returns the record of a message whose time of receipt is known, as from a list, without looking further.
func (p *Point) MessageAt(ctx context.Context, m *mail.Message) (*record.Message, error) {
	f, err := p.folder(m.Folder)
	if err != nil {
		return nil, err
	}
	if f.tree != nil {
		sec, _ := message.Seconds(m.Received)
		e, err := tree.Find(ctx, loader{p}, *f.tree, message.HashOf(m.ID), sec)
		if err != nil {
			return nil, err
		}
		if e != nil {
			return e.Message(m.Folder)
		}
	}
	return nil, fault.New(fault.NotFound, "message %s is not in folder %s of recovery point %s", m.ID, m.Folder, p.info.ID)
}

// whole reports what is missing for a root to be a complete point: every page and node is read, every piece looked for.
func (r *Repository) whole(ctx context.Context, p *pb.Root) error {
	ro, err := r.folders(p)
	if err == nil {
		err = ro.damage
	}
	if err != nil {
		return err
	}
	for i := range ro.folders {
		f := &ro.folders[i]
		if f.tree == nil {
			continue
		}
		err := tree.Range(ctx, r.trees, *f.tree, 0, f.tree.Sums.Messages, false, func(e *tree.Entry) error {
			m, err := e.Message(f.ID)
			if err != nil {
				return err
			}
			return r.present(ctx, slices.Values([]*record.Message{m}), fault.Corrupt)
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// present reports the first message that names a piece which is not kept, as a fault of the given kind.
func (r *Repository) present(ctx context.Context, messages iter.Seq[*record.Message], kind fault.Kind) error {
	var hashes []record.Hash
	var owners []*record.Message
	for m := range messages {
		_ = message.Contents(m, func(c *record.Content) error {
			for i := range c.Pieces {
				hashes = append(hashes, c.Pieces[i].Hash)
				owners = append(owners, m)
			}
			return nil
		})
	}
	have, err := r.blobs.Have(ctx, hashes)
	if err != nil {
		return err
	}
	for i := range have {
		if !have[i] {
			return fault.New(kind, "message %s names piece %s, which is not in the repository", owners[i].ID, hashes[i])
		}
	}
	return nil
}
