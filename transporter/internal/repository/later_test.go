package repository

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// refused checks that an error says what is too new and what to do.
func refused(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	if fault.KindOf(err) != fault.Unsupported {
		t.Errorf("%s: %v (%v), want Unsupported", what, err, fault.KindOf(err))
		return
	}
	for _, s := range append(says, "upgrade the Transporter") {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: %q does not say %q", what, err, s)
		}
	}
}

func TestDescriptorsOfLaterVersionsAreRefused(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	for what, change := range map[string]func(d *pb.Descriptor){
		`needs "tape"`:        func(d *pb.Descriptor) { d.Needs = []string{"tape"} },
		"compression level 9": func(d *pb.Descriptor) { d.Level = 9 },
	} {
		d := proto.CloneOf(r.descriptor())
		change(d)
		text, err := encodeDescriptor(d)
		if err != nil {
			t.Fatal(err)
		}
		_, err = decodeDescriptor(text)
		refused(t, what, err, what)
	}
	closed(t, r)
	path := filepath.Join(o.Path, descriptorFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// A later format may look like anything behind its first line.
	if err := os.WriteFile(path, append([]byte("holdfast repository format 2\n"), text[100:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), o)
	refused(t, "descriptor", err, "format 2", "up to 1")
	for what, err := range map[string]error{
		"delete": Delete(t.Context(), o), "recreate": fails(Recreate(t.Context(), o)), "secret": ChangeSecret(t.Context(), o, Secret{Passphrase: "x"}),
	} {
		refused(t, what, err)
	}
}

func TestUnknownFieldsOfTheDescriptorArePassedOver(t *testing.T) {
	text, err := encodeDescriptor(&pb.Descriptor{Id: bytes.Repeat([]byte{1}, 16), Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	more := bytes.Replace(text, []byte("{"), []byte(`{"colour": {"of": ["paper"]},`), 1)
	body := more[:bytes.LastIndex(more, []byte("\n"+descriptorTail))+1]
	sum := sha(body)
	d, err := decodeDescriptor(append(body[:len(body):len(body)], []byte(descriptorTail+pack.ID(sum).String()+"\n")...))
	if err != nil || d.GetName() != "n" {
		t.Error(d, err)
	}
}

func TestFilesOfLaterVersionsAreRefusedAndLeftAlone(t *testing.T) {
	for _, ending := range []string{pack.Sealed, pack.Open, ".journal"} {
		samples(t, func(t *testing.T, o Options, want *goldenManifest) {
			files, err := filepath.Glob(filepath.Join(o.Path, "*", "*"+ending))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			later := map[string][]byte{}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				b[8] = 2
				binary.LittleEndian.PutUint32(b[60:], pack.Sum(b[:60]))
				if err := os.WriteFile(f, b, 0o600); err != nil {
					t.Fatal(err)
				}
				later[f] = b
			}
			if ending == ".journal" {
				r := mustOpen(t, o)
				_, err = r.Begin(t.Context(), want.Staged[0].Key, "later")
				closed(t, r)
			} else {
				loseIndex(t, o)
				_, err = Open(t.Context(), o)
			}
			refused(t, ending, err, "format 2", "reads 1", o.Path)
			for f, b := range later {
				if now, err := os.ReadFile(f); err != nil || !bytes.Equal(now, b) {
					t.Errorf("%s was touched: %v", f, err)
				}
			}
		})
	}
}

func TestPointsOfLaterVersionsAreRefused(t *testing.T) {
	for _, typ := range []pack.Type{pack.Root, pack.Tombstone} {
		o := testOptions(t, true)
		r := mustCreate(t, o)
		p := backUp(t, r, "one", 2)
		id, err := parsePointID(p.ID)
		if err != nil {
			t.Fatal(err)
		}
		ro, err := r.loadRoot(id)
		if err != nil {
			t.Fatal(err)
		}
		ro.pb.Needs, ro.pb.Run = 3, "two"
		var m proto.Message = ro.pb
		if typ == pack.Tombstone {
			m = &pb.Tombstone{Point: id[:], Needs: 3}
		}
		data, err := message.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.blobs.PutAnew(pack.Trees, typ, record.Sum(data), data); err != nil {
			t.Fatal(err)
		}
		if typ == pack.Root {
			_, err = r.loadRoot(index.Point(record.Sum(data)))
			refused(t, "reading the point", err, "recovery point", "level 3")
		}
		closed(t, r)
		_, err = Rebuild(t.Context(), o)
		refused(t, "building the index anew", err, "level 3")
	}
}

func TestRecordsOfLaterVersionsAreRefused(t *testing.T) {
	for _, depth := range []int{0, 2} {
		m := &pb.Message{Subject: "s", Needs: 2}
		for range depth {
			m = &pb.Message{Attachments: []*pb.Attachment{{Item: m}}}
		}
		data, err := message.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = message.Decode("id", "folder", record.Point{}.Time, data)
		refused(t, "record", err, "level 2")
	}
}

func TestJournalsWithLaterStatementsAreRefused(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	defer closed(t, r)
	s := begin(t, r, "one")
	m := testMessage(t, s, "a", "inbox", 1)
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Messages: []record.Message{m}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.journal.Append(&pb.Checkpoint{Folder: "inbox", Needs: 5}, nil); err != nil {
		t.Fatal(err)
	}
	path := s.journal.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Begin(context.Background(), testKey, "two")
	refused(t, "journal", err, path, "level 5")
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		t.Error("the journal was touched:", err)
	}
}
