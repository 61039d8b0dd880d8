package repository

import (
	"context"
	"io"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// A point may be deleted while it is read. What it has goes on being there until its space is reclaimed; then blobs are missing
// that no damage took. So whoever reads through a Point and meets what looks like damage is told NotFound once the point is
// not in the catalogue any more.

// departed returns err, or NotFound in the place of damage where the point has been deleted.
func (p *Point) departed(err error) error {
	if fault.KindOf(err) != fault.Corrupt {
		return err
	}
	id, parseErr := parsePointID(p.info.ID)
	if parseErr != nil {
		return parseErr
	}
	rec, catalogErr := p.r.index.Point(id)
	if catalogErr != nil {
		return catalogErr
	}
	if rec != nil {
		return err
	}
	return fault.New(fault.NotFound, "recovery point %s was deleted while it was read; choose another", p.info.ID)
}

// loader reads the trees of points of one repository. It implements tree.Loader.
type loader []*Point

func (l loader) Load(hash record.Hash) ([]byte, error) {
	data, err := l[0].r.trees.Load(hash)
	for _, p := range l {
		err = p.departed(err)
	}
	return data, err
}

// Content returns a reader of content that a message of the point names, as Repository.Content does; NotFound when the point
// was deleted meanwhile and the content is gone.
func (p *Point) Content(ctx context.Context, c record.Content) io.ReadCloser {
	return &contentReader{r: p.r, ctx: ctx, rest: c.Pieces, failed: p.departed}
}

// Losses returns what could not be kept. Where the list is damaged it returns what can be read of it, and Corrupt.
func (p *Point) Losses(ctx context.Context) ([]mail.Loss, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list, err := p.r.loadLosses(p.root.pb)
	return list, p.departed(err)
}
