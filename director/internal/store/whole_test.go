package store

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// TestEveryFieldOfARecordComesBack writes a record of each table in which every field is set, each to something else, and
// reads it again: a field that somebody adds to a record and forgets in its codec is lost without any other sign.
func TestEveryFieldOfARecordComesBack(t *testing.T) {
	s, err := newSealer(make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	whole(t, s, Identities)
	whole(t, s, Accounts)
	whole(t, s, Mailboxes)
	whole(t, s, Transporters)
	whole(t, s, Repositories)
	whole(t, s, Jobs)
	whole(t, s, Plans)
	whole(t, s, RepositoryPlans)
	whole(t, s, Runs)
	whole(t, s, Tasks)
	whole(t, s, Losses)
	whole(t, s, Recoveries)
	whole(t, s, Users)
	whole(t, s, Tokens)
	whole(t, s, RunScripts)
	whole(t, s, Notifications)
	whole(t, s, Deliveries)
	whole(t, s, Pasts)
	whole(t, s, SelfBackups)
	whole(t, s, Histories)
	whole(t, s, SpaceSamples)
	whole(t, s, Drills)
	whole(t, s, Audit)
}

func whole[R any, P proto.Message](t *testing.T, s *sealer, table Table[R, P]) {
	t.Run(table.name, func(t *testing.T) {
		var want R
		n := 0
		fill(t, reflect.ValueOf(&want).Elem(), &n, 0)
		stored, err := table.encode(s, &want)
		if err != nil {
			t.Fatal(err)
		}
		data, err := proto.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		read := table.empty()
		if err := proto.Unmarshal(data, read); err != nil {
			t.Fatal(err)
		}
		got, err := table.decode(s, read)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-written +read\n%s", diff)
		}
	})
}

// TestScriptsThatLayOpenAreRead reads a job of a database of old.
func TestScriptsThatLayOpenAreRead(t *testing.T) {
	s, err := newSealer(make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	want := &record.Script{Path: "/before", Environment: map[string]string{"KEY": "value"}}
	got, err := decodeJob(s, &statev1.Job{Id: "j", Before: encodeScript(want)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Edition != 1 {
		t.Errorf("a job of old has edition %d, as if a change meant whatever is stored", got.Edition)
	}
	if diff := cmp.Diff(want, got.Before); diff != "" || got.After != nil {
		t.Errorf("-written +read\n%s\n%v", diff, got.After)
	}
}

// fill sets everything in v to something that it had nowhere else. A type that holds itself ends at some depth.
func fill(t *testing.T, v reflect.Value, n *int, depth int) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(int64(1_700_000_000+*n), 0).UTC()
		return
	case *time.Duration:
		*x = time.Duration(*n) * time.Minute
		return
	case *schedule.Day:
		*x = schedule.Day{Year: 2000 + *n, Month: time.May, Day: 1 + *n%28}
		return
	case **time.Location:
		return // the name of a zone is stored, and looked up by who uses it
	case *record.BackupDerivation:
		*x = record.BackupDerivation{Salt: bytes.Repeat([]byte{byte(*n)}, 16), Passes: 3, MemoryKiB: 64, Threads: 2} // within its bounds
		return
	}
	if depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Fatalf("%s.%s cannot be set here", v.Type(), v.Type().Field(i).Name)
			}
			fill(t, v.Field(i), n, depth+1)
		}
		if x, ok := v.Addr().Interface().(*record.Schedule); ok {
			// By the clock, or after a job.
			if *n%2 == 0 {
				x.After = nil
			} else {
				x.Clock = schedule.Schedule{From: x.Clock.From}
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), n, depth+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n, depth+1)
		fill(t, value, n, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n%100 + 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n%100 + 1))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*n) / 2)
	default:
		t.Fatalf("a %s cannot be filled", v.Type())
	}
}
