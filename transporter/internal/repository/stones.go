package repository

import (
	"context"
	"crypto/sha256"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// stones marks the tombstones that are needed, and returns the points that lack one and those that need theirs no more.
//
// An index that is built anew must bring back no point whose blobs are gone. So every root in a pack that is not in the
// catalogue needs a tombstone: roots of deleted points, and such as a run that was gone on with after a crash left
// unpublished. A tombstone is also needed as long as its backup has points: a copy from another repository is not to bring
// the deleted ones back. And all are, unless it is sure that no file of a pack that the index has dropped can come back.
func (r *Repository) stones(ctx context.Context, m *marker, sure bool) (fresh, spent []index.Grave, err error) {
	graves, err := r.index.Graves() // before the packs are looked through: the roots of these are in them, or gone for good
	if err != nil {
		return nil, nil, err
	}
	roots, tombstones, err := r.rootsAndTombstones()
	if err != nil {
		return nil, nil, err
	}
	published, backups, err := r.publishedOrNearly()
	if err != nil {
		return nil, nil, err
	}
	stays := func(g index.Grave) bool { return !sure || roots[r.idOf(g.Point)] || backups[g.Backup] }
	dead := map[pack.ID]bool{}
	for id := range roots {
		dead[id] = true
	}
	for _, p := range published {
		delete(dead, r.idOf(p))
	}
	for _, id := range tombstones {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		var stone pb.Tombstone
		_, err := r.loadFound(blob.FoundBlob{ID: id}, &stone)
		if fault.KindOf(err) == fault.Corrupt || err == nil && len(stone.GetPoint()) != len(index.Point{}) {
			continue // nobody can read it; another takes its place below
		}
		if err != nil {
			return nil, nil, err
		}
		if g := graveOf(&stone); stays(g) || stone.GetNeeds() != 0 {
			r.blobs.ClaimID(id, m.seen)
			delete(dead, r.idOf(g.Point))
		}
	}
	known := map[pack.ID]index.Grave{}
	for _, g := range graves {
		known[r.idOf(g.Point)] = g
		if !stays(g) {
			spent = append(spent, g)
		}
	}
	fresh, err = r.gravesOf(dead, known)
	return fresh, spent, err
}

// rebury makes tombstones of points and forgets those of others.
func (r *Repository) rebury(fresh, spent []index.Grave) error {
	if len(fresh) > 0 {
		if err := r.bury(fresh); err != nil {
			return err
		}
	}
	if len(fresh)+len(spent) == 0 {
		return nil
	}
	return r.index.Change("bury points", func(c index.Change) error {
		for _, g := range fresh {
			if err := c.Bury(g); err != nil {
				return err
			}
		}
		for _, g := range spent {
			if err := c.Unbury(g.Point); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Repository) idOf(p index.Point) pack.ID { return pack.ID(r.ring.ID(p)) }

// rootsAndTombstones lists the blobs of these types in all packs.
func (r *Repository) rootsAndTombstones() (roots map[pack.ID]bool, tombstones []pack.ID, err error) {
	roots = map[pack.ID]bool{}
	seen := map[pack.ID]bool{}
	note := func(e *pack.Entry) {
		switch {
		case e.Type == pack.Root:
			roots[e.ID] = true
		case e.Type == pack.Tombstone && !seen[e.ID]:
			seen[e.ID] = true
			tombstones = append(tombstones, e.ID)
		}
	}
	// Open packs first: a pack that is sealed meanwhile is then met among the others.
	r.blobs.EachOpen(note)
	err = r.index.EachPack(func(p index.Pack, entries index.Entries) error {
		if p.Kind != pack.Trees {
			return nil
		}
		for i := range entries.Len() {
			if t := entries.Type(i); t == pack.Root || t == pack.Tombstone {
				e := entries.Entry(i)
				note(&e)
			}
		}
		return nil
	})
	return roots, tombstones, err
}

// gravesOf returns the points whose roots go by the ids. Those that nobody can read are left out: they cannot come back.
func (r *Repository) gravesOf(ids map[pack.ID]bool, known map[pack.ID]index.Grave) ([]index.Grave, error) {
	var list []index.Grave
	for id := range ids {
		if g, ok := known[id]; ok {
			list = append(list, g)
			continue
		}
		data, err := r.blobs.GetByID(id)
		if fault.KindOf(err) == fault.Corrupt {
			continue
		}
		if err != nil {
			return nil, err
		}
		var root pb.Root
		if proto.Unmarshal(data, &root) == nil {
			list = append(list, index.Grave{Point: sha256.Sum256(data), Backup: r.backupID(fromKey(root.GetKey()))})
		}
	}
	return list, nil
}
