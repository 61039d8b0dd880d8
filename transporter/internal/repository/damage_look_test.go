package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// view is what there is to see in a repository that was damaged.
type view struct {
	refused error    // opening it was
	reports []string // what it says is wrong
	missing []string // what is not there or cannot be read, in the open
	wrong   []error  // what is there and is not what was written, or fails in another way than damage may
}

func (v *view) lack(format string, args ...any) {
	v.missing = append(v.missing, fmt.Sprintf(format, args...))
}

func (v *view) fault(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Errorf(format, args...))
}

// failed sorts an error: damage may be met, anything else may not.
func (v *view) failed(err error, doing string) {
	if fault.KindOf(err) == fault.Corrupt {
		v.lack("%s: %v", doing, err)
	} else {
		v.fault("%s: %w", doing, err)
	}
}

// failure is why the view cannot be.
func (v *view) failure() error {
	switch k := fault.KindOf(v.refused); {
	case len(v.wrong) > 0:
		return errors.Join(v.wrong...)
	case v.refused != nil && k != fault.Corrupt && k != fault.Unsupported && k != fault.Unauthorized && k != fault.NotFound:
		return fmt.Errorf("refused as %q: %w", k.Error(), v.refused)
	case len(v.missing) > 0 && len(v.reports) == 0:
		return fmt.Errorf("nothing is reported, and yet: %s", strings.Join(v.missing, "; "))
	default:
		return nil
	}
}

// harmless reports whether nobody could tell that something was damaged.
func (v *view) harmless() bool { return v.refused == nil && len(v.reports) == 0 && len(v.missing) == 0 }

// names reports whether what is wrong is told with its place.
func (v *view) names(part string) bool {
	return v.refused != nil && strings.Contains(v.refused.Error(), part) ||
		slices.ContainsFunc(v.reports, func(s string) bool { return strings.Contains(s, part) })
}

// look opens the repository in a folder, reads all that is in it and compares it with the sample.
func (s *specimen) look(ctx context.Context, path string) *view {
	v := &view{}
	o := s.opts
	o.Path = path
	r, err := Open(ctx, o)
	if err != nil {
		v.refused = err
		return v
	}
	report, err := r.Verify(ctx, VerifyFull, nil)
	if err != nil {
		v.failed(err, "verify")
	} else {
		for _, d := range report.Damage {
			v.reports = append(v.reports, fmt.Sprintf("damage at %d of %s: %s", d.Offset, d.Path, d.Reason))
		}
	}
	for _, b := range s.backups {
		b.look(ctx, v, r, s.deleted)
	}
	for _, p := range r.Problems() {
		v.reports = append(v.reports, p.Path+": "+p.Reason)
	}
	if err := r.Close(); err != nil {
		v.fault("close: %w", err)
	}
	return v
}

func (b *specimenBackup) look(ctx context.Context, v *view, r *Repository, deleted record.PointID) {
	list, err := r.Points(ctx, b.key)
	if err != nil {
		v.failed(err, "points")
		return
	}
	found := map[record.PointID]bool{}
	for _, p := range list {
		found[p.ID] = true
		switch want := b.w.point(p.ID); {
		case want != nil:
			b.point(ctx, v, r, want)
		case p.ID == deleted:
			v.lack("point %s was deleted", p.ID)
		default:
			v.fault("there is a point %s", p.ID)
		}
	}
	for _, p := range b.w.points {
		if !found[p.id] {
			v.lack("point %s of %s is not there", p.id, p.run)
		}
	}
	b.start(ctx, v, r)
}

// point reads a point that is listed.
func (b *specimenBackup) point(ctx context.Context, v *view, r *Repository, want *worldPoint) {
	p, err := r.Point(ctx, want.id)
	if err != nil {
		v.failed(err, "point")
		return
	}
	got := map[mail.MessageID]bool{}
	for _, folder := range crashFolders {
		for m, err := range p.All(ctx, folder) {
			if err != nil {
				if fault.KindOf(err) == fault.NotFound && p.Damage() != nil {
					err = p.Damage()
				}
				v.failed(err, "messages")
				continue
			}
			got[m.ID] = true
			compare(ctx, v, r, m, want.messages)
		}
	}
	for id := range want.messages {
		if !got[id] {
			v.lack("message %s is not in point %s", id, want.run)
		}
	}
}

// compare makes sure that a record and its body are what was written.
func compare(ctx context.Context, v *view, r *Repository, m *record.Message, want map[mail.MessageID]worldMessage) {
	w, ok := want[m.ID]
	if !ok || m.Folder != w.folder || m.Subject != w.subject || m.Body.Size != int64(len(crashBody(w.body))) {
		v.fault("message %s in %s, %q, is not what was written", m.ID, m.Folder, m.Subject)
		return
	}
	rc := r.Content(ctx, m.Body)
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil {
		v.failed(err, "body")
	}
	if !bytes.HasPrefix(crashBody(w.body), b) || err == nil && len(b) < len(crashBody(w.body)) {
		v.fault("message %s has a wrong body", m.ID)
	}
}

// start begins a session: it goes on from a state that the backup was in, or one in which folders are read again; a cursor is
// never ahead of its messages.
func (b *specimenBackup) start(ctx context.Context, v *view, r *Repository) {
	s, err := r.Begin(ctx, b.key, "look")
	if err != nil {
		v.failed(err, "begin")
		return
	}
	defer s.Close()
	want := b.w.start()
	cursors := map[mail.FolderID]mail.Cursor{}
	for _, f := range s.State().Folders {
		if f.Cursor != "" {
			cursors[f.Folder] = f.Cursor
		}
	}
	if !maps.Equal(cursors, want.cursors) {
		v.lack("the session starts from %v, not %v", cursors, want.cursors)
	}
	for i := range crashMessages {
		id := crashID(i)
		found, err := s.Lookup(ctx, []mail.MessageID{id})
		if err != nil {
			v.failed(err, "lookup")
			continue
		}
		m := found[0]
		switch w, ok := want.messages[id]; {
		case m == nil && !ok:
		case m == nil && cursors[w.folder] == want.cursors[w.folder]:
			v.fault("the cursor of %s is ahead of message %s", w.folder, id)
		case m == nil:
			v.lack("lookup does not find %s", id)
		case !b.was(m):
			v.fault("lookup of %s gives what never was", id)
		case !ok || m.Subject != w.subject:
			v.lack("lookup of %s gives an older record", id)
		}
	}
}

// was reports whether a message was ever like this.
func (b *specimenBackup) was(m *record.Message) bool {
	return slices.ContainsFunc(b.states, func(s worldState) bool {
		w, ok := s.messages[m.ID]
		return ok && w.folder == m.Folder && w.subject == m.Subject
	})
}
