package export

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export/rfc822"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// place is where an export puts files: a folder or an archive. Names are slash-separated paths within it.
type place interface {
	// mkdir makes a folder, with those above it.
	mkdir(name string) error
	// written reports whether a file is there whole, from an interrupted try.
	written(name string) bool
	// create begins a file; after done it is there as a whole. One that is not done is gone, or the export fails. The time is
	// to be its time of modification; none is now.
	create(name string, modified time.Time) (file, error)
	// earlier are the problems that an interrupted try met.
	earlier() []MissingItem
	// note makes a problem known to a try that goes on after an interruption.
	note(item MissingItem) error
}

// file is a file being written.
type file interface {
	io.Writer
	done() error
	// abandon gives up a file that is not done.
	abandon()
}

// form is a format over a place. Folders come one after the other, begun and ended; messages in the order of receipt.
type form interface {
	// begin begins a folder and returns where it is. A folder that is there whole already is told by its message count.
	begin(f *repository.Folder, path []string) (where string, err error)
	// message writes one; resumed when it was there already.
	message(ctx context.Context, m *record.Message, write func(io.Writer) error) (resumed bool, err error)
	end() error
	// abandon lets go of a folder that was not ended.
	abandon()
}

// exporter is one export.
type exporter struct {
	o      Options
	place  place
	form   form
	report *Report
	known  map[mail.MessageID][]MissingItem // problems of an interrupted try, which may be met again
	wanted map[mail.MessageID]bool
	live   Progress
}

func run(ctx context.Context, o Options, p place) (*Report, error) {
	info := o.Point.Info()
	e := &exporter{
		o: o, place: p, known: map[mail.MessageID][]MissingItem{}, wanted: map[mail.MessageID]bool{},
		report: &Report{
			Point: info.ID, Mailbox: info.Origin.MailboxAddress, Format: o.Format,
			Folders: []FolderReport{}, Missing: []MissingItem{}, NotFound: []mail.MessageID{},
		},
	}
	for _, item := range p.earlier() {
		e.known[item.Message] = append(e.known[item.Message], item)
	}
	switch o.Format {
	case Mbox:
		e.form = &mboxForm{place: p}
	case Maildir:
		e.form = &maildirForm{place: p, inbox: inboxName(o.Point.Folders())}
	default:
		e.form = &emlForm{place: p}
	}
	err := e.all(ctx)
	e.report.NotFound = slices.AppendSeq(e.report.NotFound, func(yield func(mail.MessageID) bool) {
		for id, found := range e.wanted {
			if !found && !yield(id) {
				return
			}
		}
	})
	slices.Sort(e.report.NotFound)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = fault.New(fault.KindOf(err), "the export was stopped: %w", err)
	}
	return e.report, err
}

// all exports folder by folder.
func (e *exporter) all(ctx context.Context) error {
	folders, err := e.choose()
	if err != nil {
		return err
	}
	for i := range folders {
		e.live.Total += folders[i].Counts.Messages
	}
	paths := Paths(e.o.Point.Folders())
	for i := range folders {
		if err := e.folder(ctx, &folders[i], paths[folders[i].ID]); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the folders that are meant, in the order of the tree: by path.
func (e *exporter) choose() ([]repository.Folder, error) {
	all := e.o.Point.Folders()
	byID := make(map[mail.FolderID]*repository.Folder, len(all))
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	meant := map[mail.FolderID]bool{}
	for _, id := range e.o.Selection.Folders {
		if byID[id] == nil {
			return nil, fault.InvalidField("folder", "the recovery point has no folder %s", id)
		}
		meant[id] = true
	}
	inRefs := map[mail.FolderID]bool{}
	everywhere := len(e.o.Selection.Messages) == 0
	for _, ref := range e.o.Selection.Messages {
		if ref.Folder != "" && byID[ref.Folder] == nil {
			return nil, fault.InvalidField("messages", "the recovery point has no folder %s", ref.Folder)
		}
		e.wanted[ref.Message] = false
		inRefs[ref.Folder] = true
		everywhere = everywhere || ref.Folder == ""
	}
	within := func(f *repository.Folder) bool {
		for n := 0; f != nil && n <= len(all); n++ {
			if meant[f.ID] {
				return true
			}
			if e.o.Selection.Shallow {
				return false
			}
			f = byID[f.Parent]
		}
		return false
	}
	var chosen []repository.Folder
	for i := range all {
		f := &all[i]
		if (len(meant) == 0 || within(f)) && (everywhere || inRefs[f.ID]) {
			chosen = append(chosen, *f)
		}
	}
	paths := Paths(all)
	slices.SortStableFunc(chosen, func(a, b repository.Folder) int {
		return cmp.Or(slices.Compare(paths[a.ID], paths[b.ID]), cmp.Compare(a.ID, b.ID))
	})
	return chosen, nil
}

func (e *exporter) folder(ctx context.Context, f *repository.Folder, path []string) error {
	where, err := e.form.begin(f, path)
	if err != nil {
		return err
	}
	e.live.Folder = where
	r := FolderReport{ID: f.ID, Path: path, Where: where}
	err = e.messages(ctx, f, func(m *record.Message) error {
		if err := e.message(ctx, m); err != nil {
			return err
		}
		r.Messages++
		return nil
	})
	if err != nil {
		e.form.abandon()
		return err
	}
	e.report.Folders = append(e.report.Folders, r)
	return e.form.end()
}

// messages hands the messages of a folder that are meant to fn, in the order of receipt.
func (e *exporter) messages(ctx context.Context, f *repository.Folder, fn func(*record.Message) error) error {
	return e.o.Point.Walk(ctx, f.ID, func(m *record.Message) error {
		if !e.means(m) {
			return nil
		}
		return fn(m)
	}, func(n int64, err error) error {
		e.report.Unreadable += n
		return e.miss(MissingItem{Folder: f.ID, Count: n, Part: "messages", Reason: err.Error()})
	})
}

func (e *exporter) means(m *record.Message) bool {
	s := &e.o.Selection
	if len(s.Messages) > 0 {
		if _, in := e.wanted[m.ID]; !in {
			return false
		}
		named := slices.ContainsFunc(s.Messages, func(r Ref) bool { return r.Message == m.ID && (r.Folder == "" || r.Folder == m.Folder) })
		if !named {
			return false
		}
		e.wanted[m.ID] = true
	}
	return (s.Since.IsZero() || !m.Received.Before(s.Since)) && (s.Until.IsZero() || m.Received.Before(s.Until)) &&
		(s.Match == nil || s.Match(m))
}

// message exports one message.
func (e *exporter) message(ctx context.Context, m *record.Message) error {
	out := &counter{}
	resumed, err := e.form.message(ctx, m, func(w io.Writer) error {
		out.w = w
		missing, err := rfc822.Write(ctx, out, m, rfc822.Options{Open: func(ctx context.Context, c record.Content) (io.ReadCloser, error) {
			return e.o.Open(ctx, c), nil
		}})
		for _, part := range missing {
			if err := e.miss(MissingItem{Folder: m.Folder, Message: m.ID, Subject: m.Subject, Count: 1, Part: part.Part, Reason: part.Reason}); err != nil {
				return err
			}
		}
		if len(missing) > 0 {
			e.report.Incomplete++
		}
		return err
	})
	if err != nil {
		return err
	}
	e.report.Messages++
	e.report.Bytes += out.n
	if resumed {
		e.report.Resumed++
		e.again(m)
	}
	e.live.Messages, e.live.Bytes = e.report.Messages, e.report.Bytes
	if e.o.Progress != nil {
		e.o.Progress(e.live)
	}
	return nil
}

// again takes over what an interrupted try told of a message that it wrote.
func (e *exporter) again(m *record.Message) {
	for _, item := range e.known[m.ID] {
		e.report.add(item)
	}
	if len(e.known[m.ID]) > 0 {
		e.report.Incomplete++
	}
}

func (e *exporter) miss(item MissingItem) error {
	e.report.add(item)
	if slices.Contains(e.known[item.Message], item) {
		return nil
	}
	return e.place.note(item)
}

// counter counts the bytes of a message.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Each hands the messages of a point that a selection means to fn, folder by folder in the order of their paths, and within
// each in the order of receipt. It returns how many messages were passed over because their records cannot be read.
func Each(ctx context.Context, p *repository.Point, s Selection, fn func(*record.Message) error) (unreadable int64, err error) {
	// An exporter that writes nothing: what cannot be read is noted nowhere.
	e := &exporter{o: Options{Point: p, Selection: s}, report: &Report{}, wanted: map[mail.MessageID]bool{}, place: newArchive(io.Discard)}
	if err := e.o.check(); err != nil {
		return 0, err
	}
	folders, err := e.choose()
	if err != nil {
		return 0, err
	}
	for i := range folders {
		if err := e.messages(ctx, &folders[i], fn); err != nil {
			return e.report.Unreadable, err
		}
	}
	return e.report.Unreadable, nil
}
