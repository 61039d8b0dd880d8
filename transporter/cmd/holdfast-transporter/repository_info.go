package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// infoAnswer is what info tells.
type infoAnswer struct {
	Name          string         `json:"name"`
	ID            string         `json:"id"`
	Path          string         `json:"path"`
	Created       time.Time      `json:"created"`
	Encrypted     bool           `json:"encrypted"`
	Packs         int            `json:"packs"`
	UsedBytes     int64          `json:"usedBytes"`
	FreeBytes     int64          `json:"freeBytes"`
	Deduplication float64        `json:"deduplication"`
	Compression   float64        `json:"compression"`
	Backups       []backupAnswer `json:"backups"`
	// Problems were found when the repository was opened and did not keep it from working.
	Problems []string `json:"problems"`
}

type backupAnswer struct {
	Mailbox     string        `json:"mailbox"`
	MailboxName string        `json:"mailboxName"`
	MailboxID   string        `json:"mailboxId"`
	Account     string        `json:"account"`
	Job         string        `json:"job"`
	JobID       string        `json:"jobId"`
	PointCount  int           `json:"pointCount"`
	Newest      pointAnswer   `json:"newest"`
	Points      []pointAnswer `json:"points,omitempty"`
}

type pointAnswer struct {
	ID       string    `json:"id"`
	Mailbox  string    `json:"mailbox"`
	Job      string    `json:"job"`
	Time     time.Time `json:"time"`
	Sealed   time.Time `json:"sealed"`
	Complete bool      `json:"complete"`
	Folders  int64     `json:"folders"`
	Messages int64     `json:"messages"`
	Bytes    int64     `json:"bytes"`
	Lost     int64     `json:"lost"`
}

func toPoint(p *record.Point) pointAnswer {
	return pointAnswer{
		ID: string(p.ID), Mailbox: p.Origin.MailboxAddress, Job: p.Origin.JobName, Time: p.Time, Sealed: p.Sealed, Complete: p.Complete,
		Folders: p.Counts.Folders, Messages: p.Counts.Messages, Bytes: p.Counts.Bytes, Lost: p.Counts.Lost,
	}
}

func newRepositoryInfo(o *offline) *cobra.Command {
	var withPoints bool
	cmd := &cobra.Command{
		Use: "info PATH", Short: "Tell what a repository is and which backups it has", Args: between(1, 1),
		Example: "  holdfast-transporter repository info /srv/holdfast/vault --points",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				a, err := info(cmd.Context(), r, withPoints)
				if err != nil {
					return err
				}
				return o.answer(cmd, a, func(w io.Writer) { a.table(w, withPoints) })
			})
		},
	}
	cmd.Flags().BoolVar(&withPoints, "points", false, "list all recovery points too")
	return cmd
}

func info(ctx context.Context, r *repository.Repository, withPoints bool) (*infoAnswer, error) {
	sums, err := r.Statistics(ctx)
	if err != nil {
		return nil, err
	}
	backups, err := r.Backups(ctx)
	if err != nil {
		return nil, err
	}
	a := &infoAnswer{
		Name: r.Name(), ID: r.ID(), Path: r.Path(), Created: r.Created(), Encrypted: r.Encrypted(), Packs: sums.Packs,
		UsedBytes: sums.Used, FreeBytes: sums.Free, Deduplication: sums.Deduplication(), Compression: sums.Compression(),
		Backups: []backupAnswer{}, Problems: []string{},
	}
	for i := range backups {
		b := &backups[i]
		origin := &b.Newest.Origin
		one := backupAnswer{
			Mailbox: origin.MailboxAddress, MailboxName: origin.MailboxName, MailboxID: string(b.Key.Mailbox), Account: origin.AccountName,
			Job: origin.JobName, JobID: string(b.Key.Job), PointCount: b.Points, Newest: toPoint(&b.Newest),
		}
		if withPoints {
			points, err := r.Points(ctx, b.Key)
			if err != nil {
				return nil, err
			}
			for j := range points {
				one.Points = append(one.Points, toPoint(&points[j]))
			}
		}
		a.Backups = append(a.Backups, one)
	}
	for _, p := range r.Problems() {
		a.Problems = append(a.Problems, p.Path+": "+p.Reason)
	}
	return a, nil
}

func (a *infoAnswer) table(w io.Writer, withPoints bool) {
	points := 0
	for i := range a.Backups {
		points += a.Backups[i].PointCount
	}
	fmt.Fprintf(w, "name\t%s\nid\t%s\npath\t%s\ncreated\t%s\nencrypted\t%v\n", cell(a.Name, 0), a.ID, a.Path, stamp(a.Created), a.Encrypted)
	fmt.Fprintf(w, "points\t%d of %d backups\non disk\t%s in %d packs\nfree\t%s\n", points, len(a.Backups), megabytes(a.UsedBytes),
		a.Packs, megabytes(a.FreeBytes))
	fmt.Fprintf(w, "deduplication\t%.2f\ncompression\t%.2f\n", a.Deduplication, a.Compression)
	for _, p := range a.Problems {
		fmt.Fprintf(w, "problem\t%s\n", cell(p, 0))
	}
	if len(a.Backups) > 0 {
		fmt.Fprintf(w, "\nMAILBOX\tJOB\tPOINTS\tNEWEST\tMESSAGES\n")
	}
	var all []pointAnswer
	for i := range a.Backups {
		b := &a.Backups[i]
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\n", cell(b.Mailbox, 60), cell(b.Job, 40), b.PointCount, stamp(b.Newest.Time), b.Newest.Messages)
		all = append(all, b.Points...)
	}
	if withPoints && len(all) > 0 {
		fmt.Fprintln(w)
		pointTable(w, all)
	}
}

func newRepositoryPoints(o *offline) *cobra.Command {
	var which choice
	cmd := &cobra.Command{
		Use: "points PATH", Short: "List the recovery points of a repository, oldest first within a backup", Args: between(1, 1),
		Example: "  holdfast-transporter repository points /srv/holdfast/vault --mailbox anna@contoso.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				points, err := which.points(cmd.Context(), r)
				if err != nil {
					return err
				}
				answer := struct {
					Points []pointAnswer `json:"points"`
				}{[]pointAnswer{}}
				for i := range points {
					answer.Points = append(answer.Points, toPoint(&points[i]))
				}
				return o.answer(cmd, answer, func(w io.Writer) { pointTable(w, answer.Points) })
			})
		},
	}
	which.registerBackup(cmd.Flags())
	return cmd
}

func pointTable(w io.Writer, points []pointAnswer) {
	fmt.Fprintf(w, "POINT\tMAILBOX\tJOB\tTIME\tFOLDERS\tMESSAGES\tSIZE\tSTATE\n")
	for i := range points {
		p := &points[i]
		state := "complete"
		if !p.Complete {
			state = fmt.Sprintf("%d not kept whole", p.Lost)
		}
		fmt.Fprintf(w, "%.12s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", p.ID, cell(p.Mailbox, 60), cell(p.Job, 40), stamp(p.Time), p.Folders, p.Messages,
			megabytes(p.Bytes), state)
	}
}
