package repository

import (
	"bytes"
	"context"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/tree"
)

// readBack reads from the packs what a point that is about to be made says of itself: its lists, and the top of each tree that
// is not the last point's. What is below was read back when it was made (package tree), and what is shared was sealed before.
// So a point that cannot be read becomes visible to nobody, and no journal is removed for it.
func (s *Session) readBack(ctx context.Context, p *pb.Root, folders []folder) error {
	trees := newTreeStore(s.r.blobs) // what others have in memory is not what the packs have
	var first error                  // all is read nevertheless: what is damaged counts as missing from then on
	note := func(what string, err error) {
		if err != nil && first == nil {
			first = unlike(what, err)
		}
	}
	for _, l := range []*pb.List{p.GetLosses(), p.GetPending()} {
		_, err := trees.loadList(l)
		note("its lists", err)
	}
	note("its folders", sameFolders(trees, p.GetFolders(), folders))
	for i := range folders {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.fresh(&folders[i]) {
			note("folder "+string(folders[i].ID), readTop(trees, *folders[i].tree))
		}
	}
	return first
}

// sameFolders compares the folder table in the packs with what was sealed.
func sameFolders(trees *treeStore, l *pb.List, folders []folder) error {
	table, err := trees.loadList(l)
	if err != nil {
		return err
	}
	var got pb.FolderTable
	if err := proto.Unmarshal(table, &got); err != nil {
		return err
	}
	if len(got.GetFolders()) != len(folders) {
		return fault.New(fault.Corrupt, "there are %d of %d", len(got.GetFolders()), len(folders))
	}
	for i := range folders {
		f, err := fromFolder(got.GetFolders()[i])
		if err != nil {
			return err
		}
		if !sameTree(f.tree, folders[i].tree) {
			return fault.New(fault.Corrupt, "folder %s has another tree", folders[i].ID)
		}
	}
	return nil
}

// fresh reports whether a folder has a tree that is not the last point's.
func (s *Session) fresh(f *folder) bool {
	if f.tree == nil || s.base == nil {
		return f.tree != nil
	}
	i, ok := s.base.byID[f.ID]
	return !ok || !sameTree(f.tree, s.base.folders[i].tree)
}

// sameTree compares trees by what a folder table says of them.
func sameTree(a, b *tree.Ref) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Hash == b.Hash && a.Level == b.Level && a.Sums == b.Sums
}

func readTop(s tree.Store, r tree.Ref) error {
	if r.Level > 0 {
		_, err := tree.Children(s, r)
		return err
	}
	n := int64(0)
	err := tree.Page(s, r, func(*tree.Entry) error { n++; return nil })
	if err == nil && n != r.Sums.Messages {
		err = fault.New(fault.Corrupt, "a page has %d of %d messages", n, r.Sums.Messages)
	}
	return err
}

// readBackRoot reads the root itself.
func (s *Session) readBackRoot(id record.Hash, data []byte) error {
	got, err := s.r.blobs.Get(id, nil)
	if err == nil && !bytes.Equal(got, data) {
		err = fault.New(fault.Corrupt, "it has other bytes")
	}
	if err != nil {
		return unlike("its root", err)
	}
	return nil
}

func unlike(what string, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.Unknown {
		kind = fault.Corrupt
	}
	return fault.New(kind, "the recovery point does not read back as it was made: %s: %w; it was not published", what, err)
}
