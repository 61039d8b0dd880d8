package repository

import (
	"context"
	"errors"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
)

// SetLevel changes how new blobs are compressed, durably. Blobs that are there stay as they are.
func (r *Repository) SetLevel(ctx context.Context, level Level) error {
	if err := r.changeable("change its compression"); err != nil {
		return err
	}
	if err := errors.Join(ctx.Err(), r.usable()); err != nil {
		return err
	}
	if level > Best {
		return fault.InvalidField("level", "there is no compression level %d", level)
	}
	err := r.describe(func(d *pb.Descriptor) error {
		d.Level = uint32(level)
		return nil
	})
	// Whatever happened: as the descriptor says.
	return errors.Join(err, r.coder.SetLevel(r.Level()))
}

// ChangeSecret makes the repository open with another secret instead of old, which may be of the other kind. It returns when
// that is durable; no blob is touched. A crash leaves a repository that opens with the old or with the new secret. A wrong
// old secret is Unauthorized. A repository that is not encrypted stays so (Invalid), and an encrypted one stays encrypted.
//
// Who has both a copy of the descriptor from before and the old secret still opens the repository: its data key is the same.
func (r *Repository) ChangeSecret(ctx context.Context, old, secret Secret) error {
	if err := r.changeable("change its secret"); err != nil {
		return err
	}
	if err := errors.Join(ctx.Err(), r.usable()); err != nil {
		return err
	}
	return r.describe(func(d *pb.Descriptor) error {
		e, err := key.Rewrap(d.GetEncryption(), old, secret, r.opts.Cost, d.GetId())
		d.Encryption = e
		return err
	})
}

// ChangeSecret does the same to a repository that nobody has open; opts.Secret is the old one. It opens nothing but the
// descriptor.
func ChangeSecret(ctx context.Context, opts Options, secret Secret) (err error) {
	opts, err = opts.complete()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := findDescriptor(opts.FS, opts.Path)
	if err != nil {
		return err
	}
	path := filepath.Join(opts.Path, lockFile)
	lock, err := disk.Acquire(path, opts.owner())
	if err != nil {
		return err
	}
	defer func() {
		if restoreErr := lock.Restore(); err == nil && restoreErr != nil {
			err = disk.Fault(restoreErr, "release the lock", path)
		}
	}()
	if found, err = findDescriptor(opts.FS, opts.Path); err != nil {
		return err
	}
	next := proto.CloneOf(found.desc)
	next.Encryption, err = key.Rewrap(next.GetEncryption(), opts.Secret, secret, opts.Cost, next.GetId())
	if err != nil {
		return err
	}
	_, err = writeDescriptor(opts.FS, opts.Path, next)
	return err
}
