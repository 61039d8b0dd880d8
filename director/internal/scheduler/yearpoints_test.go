package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// keeping is a retention in the model's words; all zero keeps everything.
type keeping struct {
	last, daily, weekly, monthly, yearly int
	zone                                 string
}

func randomKeeping(rng *rand.Rand) keeping {
	k := keeping{zone: yearZones[rng.IntN(len(yearZones))]}
	for _, n := range []*int{&k.last, &k.daily, &k.weekly, &k.monthly, &k.yearly} {
		if rng.IntN(2) == 0 {
			*n = rng.IntN(9)
		}
	}
	return k
}

func (k keeping) stored() record.Retention {
	return record.Retention{Zone: k.zone, Policy: retention.Policy{
		Last: k.last, Daily: k.daily, Weekly: k.weekly, Monthly: k.monthly, Yearly: k.yearly,
	}}
}

func (k keeping) everything() bool { return k == keeping{zone: k.zone} }

// yearPoint is a recovery point as the model knows it.
type yearPoint struct {
	id       string
	minute   int
	complete bool
}

// gone lists the points that a retention deletes of those of a mailbox, oldest first, by looking at dates as people write them.
func (k keeping) gone(points []yearPoint, zone *time.Location) []string {
	if k.everything() || len(points) == 0 {
		return nil
	}
	keep := map[string]bool{points[len(points)-1].id: true}
	newestFirst := slices.Clone(points)
	slices.Reverse(newestFirst)
	if i := slices.IndexFunc(newestFirst, func(p yearPoint) bool { return p.complete }); i >= 0 {
		keep[newestFirst[i].id] = true
	}
	for i, p := range newestFirst {
		if i < k.last {
			keep[p.id] = true
		}
	}
	for _, rule := range []struct {
		periods int
		name    func(time.Time) string
	}{
		{k.daily, func(t time.Time) string { return t.Format("2006-01-02") }},
		{k.weekly, func(t time.Time) string {
			return t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Format("2006-01-02") // its Monday
		}},
		{k.monthly, func(t time.Time) string { return t.Format("2006-01") }},
		{k.yearly, func(t time.Time) string { return t.Format("2006") }},
	} {
		if rule.periods == 0 {
			continue
		}
		best := map[string]yearPoint{}
		for _, p := range newestFirst {
			y, m, d := instant(p.minute).In(zone).Date()
			name := rule.name(time.Date(y, m, d, 12, 0, 0, 0, time.UTC))
			b, ok := best[name]
			if !ok && len(best) == rule.periods {
				break
			}
			if !ok || p.complete && !b.complete {
				best[name] = p
			}
		}
		for _, p := range best {
			keep[p.id] = true
		}
	}
	var ids []string
	for _, p := range points {
		if !keep[p.id] {
			ids = append(ids, p.id)
		}
	}
	return ids
}

// yearShelf keeps the points of all mailboxes as repositories do.
type yearShelf struct {
	away    bool
	points  map[string][]*transporterv1.Point // of a job's mailbox, newest first
	deleted []string
}

func boxName(j *yearJob, box int) string { return fmt.Sprintf("%03d-%02d", j.n, box) }

func (s *yearShelf) add(box string, p yearPoint) {
	s.points[box] = slices.Insert(s.points[box], 0, &transporterv1.Point{
		Id: p.id, Time: timestamppb.New(instant(p.minute)), Complete: p.complete,
	})
}

// Points implements pruner.Depot.
func (s *yearShelf) Points(_ context.Context, _ record.RepositoryID, key depot.Key) ([]*transporterv1.Point, error) {
	if s.away {
		return nil, fault.New(fault.Unavailable, "out of reach")
	}
	return s.points[string(key.Mailbox)], nil
}

// DeletePoints implements pruner.Depot.
func (s *yearShelf) DeletePoints(_ context.Context, _ record.RepositoryID, ids []record.PointID) error {
	for _, id := range ids {
		box, _, _ := strings.Cut(string(id), "/")
		n := len(s.points[box])
		s.points[box] = slices.DeleteFunc(s.points[box], func(p *transporterv1.Point) bool { return p.GetId() == string(id) })
		if len(s.points[box]) != n-1 {
			return fault.New(fault.NotFound, "there is no point %q", id)
		}
		s.deleted = append(s.deleted, string(id))
	}
	return nil
}

// prune lists what the model deletes of the mailboxes that a run left points of.
func (r *yearRun) prune(boxes []int, walls map[string]*wall) []string {
	var all []string
	for _, box := range boxes {
		points := r.job.points[box]
		ids := r.job.keep.gone(points, walls[r.job.keep.zone].zone)
		r.job.points[box] = slices.DeleteFunc(points, func(p yearPoint) bool { return slices.Contains(ids, p.id) })
		all = append(all, ids...)
	}
	return all
}
