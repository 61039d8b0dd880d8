package export

import (
	"context"
	"io"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// emlForm writes a file for each message.
type emlForm struct {
	place place
	tree  tree
	dir   string
	names sequence
}

func (f *emlForm) begin(folder *repository.Folder, path []string) (string, error) {
	f.dir, f.names = f.tree.place(path, string(folder.ID)), sequence{}
	return f.dir, f.place.mkdir(f.dir)
}

func (f *emlForm) message(_ context.Context, m *record.Message, write func(io.Writer) error) (bool, error) {
	name := f.dir + "/" + f.names.name(m.Received, m.Subject) + ".eml"
	return writeFile(f.place, name, m, write)
}

func (f *emlForm) end() error { return nil }

func (f *emlForm) abandon() {}

// writeFile writes a file of its own for a message, unless it is there.
func writeFile(p place, name string, m *record.Message, write func(io.Writer) error) (bool, error) {
	if p.written(name) {
		return true, nil
	}
	out, err := p.create(name, m.Received)
	if err != nil {
		return false, err
	}
	if err := write(out); err != nil {
		out.abandon()
		return false, err
	}
	return false, out.done()
}
