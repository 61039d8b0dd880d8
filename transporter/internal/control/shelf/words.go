package shelf

import (
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// Limits of what is told of damage.
const (
	// maxNamed is how many messages are named for one damaged blob; the rest are counted.
	maxNamed = 5
	// maxLookups bounds the messages whose subjects are looked up: each may read a page or, at worst, a folder.
	maxLookups = 200
)

// words tells of damage in words: which mailbox, which points, which folder, which message.
type words struct {
	repo    *repository.Repository
	points  map[record.PointID]*repository.Point // nil when it cannot be read
	lookups int
}

// DamageInWords returns a sentence for each damage.
func DamageInWords(ctx context.Context, repo *repository.Repository, damage []repository.Damage) []string {
	w := &words{repo: repo, points: map[record.PointID]*repository.Point{}}
	out := make([]string, len(damage))
	for i := range damage {
		out[i] = w.damage(ctx, &damage[i])
	}
	return out
}

func (w *words) damage(ctx context.Context, d *repository.Damage) string {
	where := "blob " + d.Blob
	if d.Path != "" {
		where = fmt.Sprintf("%s at %d", d.Path, d.Offset)
	}
	out := where + ": " + d.Reason
	if d.Touched == 0 {
		return out + "; no message is concerned"
	}
	groups := group(d.Touches)
	var named []string
	for _, g := range groups[:min(len(groups), maxNamed)] {
		named = append(named, w.group(ctx, g))
	}
	out += "; concerned: " + strings.Join(named, "; ")
	if more := len(groups) - len(named); more > 0 || d.Touched > int64(len(d.Touches)) {
		out += fmt.Sprintf("; and more (%d losses in all)", d.Touched)
	}
	return out
}

// touched is one thing that damage touches, in all the points that have it.
type touched struct {
	repository.Touch
	points []record.PointID
}

// group joins touches that differ in their points only.
func group(touches []repository.Touch) []*touched {
	type thing struct {
		backup  record.BackupKey
		folder  mail.FolderID
		message mail.MessageID
	}
	byThing := map[thing]*touched{}
	var list []*touched
	for _, t := range touches {
		key := thing{t.Backup, t.Folder, t.Message}
		g := byThing[key]
		if g == nil {
			g = &touched{Touch: t}
			byThing[key] = g
			list = append(list, g)
		}
		g.points = append(g.points, t.Point)
	}
	return list
}

func (w *words) group(ctx context.Context, g *touched) string {
	first, last := w.info(ctx, g.points[0]), w.info(ctx, g.points[len(g.points)-1])
	points := fmt.Sprintf("the point of %s", day(first.Time))
	if n := len(g.points); n > 1 {
		points = fmt.Sprintf("%d points from %s to %s", n, day(first.Time), day(last.Time))
	}
	mailbox := last.Origin.MailboxAddress
	if mailbox == "" {
		mailbox = string(g.Backup.Mailbox)
	}
	at := fmt.Sprintf("mailbox %s, %s", mailbox, points)
	if g.Folder == "" {
		return at + ", all of it"
	}
	at += ", folder " + w.folder(ctx, last.ID, g.Folder)
	if g.Message == "" {
		return fmt.Sprintf("%s, %d messages", at, g.Messages)
	}
	return at + ", message " + w.message(ctx, last.ID, g.Folder, g.Message)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func (w *words) point(ctx context.Context, id record.PointID) *repository.Point {
	p, ok := w.points[id]
	if !ok {
		p, _ = w.repo.Point(ctx, id) // what cannot be read is named by its id
		w.points[id] = p
	}
	return p
}

func (w *words) info(ctx context.Context, id record.PointID) record.Point {
	if p := w.point(ctx, id); p != nil {
		return p.Info()
	}
	return record.Point{ID: id}
}

// folder returns the path of a folder.
func (w *words) folder(ctx context.Context, point record.PointID, id mail.FolderID) string {
	p := w.point(ctx, point)
	if p == nil {
		return string(id)
	}
	byID := map[mail.FolderID]mail.Folder{}
	for _, f := range p.Folders() {
		byID[f.ID] = f.Folder
	}
	var path []string
	for at, ok := byID[id]; ok && len(path) < 64; at, ok = byID[at.Parent] { // deeper than Exchange allows
		path = append([]string{at.Name}, path...)
	}
	if len(path) == 0 {
		return string(id)
	}
	return strings.Join(path, "/")
}

// message returns the subject and time of a message, or its id where its record cannot be read.
func (w *words) message(ctx context.Context, point record.PointID, folder mail.FolderID, id mail.MessageID) string {
	p := w.point(ctx, point)
	if w.lookups++; p == nil || w.lookups > maxLookups {
		return string(id)
	}
	m, err := p.Message(ctx, folder, id)
	if err != nil {
		return string(id)
	}
	if m.Subject == "" {
		return fmt.Sprintf("without subject of %s", day(m.Received))
	}
	return fmt.Sprintf("%q of %s", m.Subject, day(m.Received))
}
