package director

import (
	"context"
	"errors"
	"io"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/datadir"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// openStore opens the store of a data folder with its key, which is made with a new store and only then.
func openStore(dir datadir.Dir, keyFile string) (*store.Store, error) {
	return store.Open(dir.Path(datadir.Database), func(fresh bool) ([]byte, error) {
		if keyFile != "" {
			return readKey(keyFile)
		}
		key, err := readKey(dir.Path(datadir.SealKey))
		if !fresh || fault.KindOf(err) != fault.NotFound {
			return key, err
		}
		if key, err = store.NewKey(); err != nil {
			return nil, err
		}
		return key, dir.Write(datadir.SealKey, store.FormatKey(key))
	})
}

func readKey(path string) ([]byte, error) {
	text, err := datadir.ReadFile(path)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "the key %s is missing: without it the secrets in the database cannot be read; put it back from a backup", path)
	}
	if err != nil {
		return nil, err
	}
	key, err := store.ParseKey(text)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	return key, nil
}

// ResetPassword gives the administrator of a Director that does not run a new one-time password, told to out.
func ResetPassword(ctx context.Context, o Options, out io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	o = o.withDefaults()
	if !datadir.Dir(o.DataDir).Has(datadir.Database) {
		return fault.New(fault.NotFound, "there is no Director in %s", o.DataDir)
	}
	dir, err := datadir.Open(o.DataDir)
	if err != nil {
		return err
	}
	s, err := openStore(dir, o.KeyFile)
	if err != nil {
		return err
	}
	err = auth.New(auth.Options{Store: s, Dir: dir, Logger: hclog.NewNullLogger(), Now: o.Now}).ResetPassword(ctx, out)
	return errors.Join(err, s.Close())
}
