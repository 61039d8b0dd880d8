package cli

import (
	"context"
	"crypto/sha256"
	"strings"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// idHash stands for a message's id in memory: 16 bytes instead of 150.
type idHash [16]byte

func hashID(id string) idHash {
	sum := sha256.Sum256([]byte(id))
	return idHash(sum[:16])
}

// maxIDs bounds the ids of the newer point held at once (about 40 MB). A larger point is compared in several rounds, each
// looking at its share of the ids.
const maxIDs = 1 << 20

// chooseDeleted selects exactly the messages of p that the newer point has no more. within (with what is below) narrows
// it to folders; empty means all.
func (a *app) chooseDeleted(ctx context.Context, c *api, f *recoverFlags, p *pb.Point, folders []*pb.Folder, within []string) (*selection, error) {
	newer, err := a.point(ctx, c, f.repository, f.deletedSince)
	if err != nil {
		return nil, err
	}
	if newer.GetAccountId() != p.GetAccountId() || newer.GetMailboxId() != p.GetMailboxId() {
		return nil, usagef("--deleted-since must be a point of the same mailbox: %s is of %s, not of %s", newer.GetId(),
			newer.GetMailboxAddress(), p.GetMailboxAddress())
	}
	if !newer.GetTime().AsTime().After(p.GetTime().AsTime()) {
		return nil, usagef("--deleted-since must be newer than the point to recover from: %s is of %s, %s of %s", newer.GetId(),
			a.when(newer.GetTime()), p.GetId(), a.when(p.GetTime()))
	}
	if newer.GetLost() > 0 || !newer.GetComplete() {
		a.note("The newer point is incomplete: messages that it lost count as deleted.")
	}
	chosen, err := c.deleted(ctx, p, newer, onlyBelow(folders, within), maxIDs)
	if err != nil {
		return nil, err
	}
	if chosen.total == 0 {
		if err := a.done(&pb.StartRecoveryResponse{}, "Nothing to recover: no message was deleted between the two points."); err != nil {
			return nil, err
		}
		return nil, nil
	}
	a.note("%s deleted between %s and %s.", counted(chosen.total, "message"), a.when(p.GetTime()), a.when(newer.GetTime()))
	return &chosen.selection, nil
}

// deletion is a selection and how many messages it is.
type deletion struct {
	selection
	total int64
}

// deleted compares two points by message id. Memory is bounded by limit ids of the newer point and by the result.
func (c *api) deleted(ctx context.Context, old, newer *pb.Point, folders []*pb.Folder, limit int64) (*deletion, error) {
	there, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: newer.GetRepositoryId(), PointId: newer.GetId()})
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, f := range there.GetFolders() {
		total += f.GetMessages()
	}
	rounds := uint32(total/limit) + 1
	out := &deletion{}
	for round := range rounds {
		mine := func(h idHash) bool { return (uint32(h[0])<<16|uint32(h[1])<<8|uint32(h[2]))%rounds == round }
		kept, err := c.idsOf(ctx, newer, there.GetFolders(), mine)
		if err != nil {
			return nil, err
		}
		for _, f := range folders {
			if inDumpster(f) {
				continue
			}
			err := c.eachID(ctx, old, f.GetId(), func(id string) {
				h := hashID(id)
				if _, still := kept[h]; mine(h) && !still {
					out.messages = append(out.messages, &pb.MessageRef{FolderId: f.GetId(), MessageId: id})
					out.total++
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// idsOf holds the ids of a point that are of this round.
func (c *api) idsOf(ctx context.Context, p *pb.Point, folders []*pb.Folder, mine func(idHash) bool) (map[idHash]struct{}, error) {
	kept := map[idHash]struct{}{}
	for _, f := range folders {
		if inDumpster(f) {
			continue
		}
		err := c.eachID(ctx, p, f.GetId(), func(id string) {
			if h := hashID(id); mine(h) {
				kept[h] = struct{}{}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func (c *api) eachID(ctx context.Context, p *pb.Point, folderID string, do func(id string)) error {
	// Oldest first: a folder of a sealed point does not change, whatever order is asked for.
	req := &pb.ListMessagesRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), FolderId: folderID, OldestFirst: true}
	return c.eachMessagePage(ctx, req, 0, func(r *pb.ListMessagesResponse) error {
		for _, m := range r.GetMessages() {
			if m.GetId() == "" {
				return fault.New(fault.Corrupt, "a message in the list has no id")
			}
			do(m.GetId())
		}
		return nil
	})
}

// inDumpster is true for the folders behind "Recover deleted items": what lies there is deleted, for its owner.
func inDumpster(f *pb.Folder) bool {
	return strings.HasPrefix(strings.ToLower(f.GetRole()), "recoverableitems")
}

// onlyBelow returns the folders named and all below them; all when none is named.
func onlyBelow(all []*pb.Folder, roots []string) []*pb.Folder {
	if len(roots) == 0 {
		return all
	}
	in := map[string]bool{}
	for _, id := range roots {
		in[id] = true
	}
	// A child may stand before its parent: go on until nothing is added.
	for more := true; more; {
		more = false
		for _, f := range all {
			if in[f.GetParentId()] && !in[f.GetId()] {
				in[f.GetId()], more = true, true
			}
		}
	}
	var out []*pb.Folder
	for _, f := range all {
		if in[f.GetId()] {
			out = append(out, f)
		}
	}
	return out
}
