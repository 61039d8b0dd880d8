package repository

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// The descriptor is text, so that a person who finds the folder can tell what it is:
//
//	holdfast repository format 1
//	{ …Descriptor as JSON… }
//	sha256 <SHA-256 of everything before this line, in hexadecimal>
//
// The first line keeps its form in every format, so that any version can say that it is too old.
const (
	descriptorHead  = "holdfast repository format "
	descriptorTail  = "sha256 "
	descriptorLimit = 1 << 20
	formatVersion   = 1
)

func encodeDescriptor(d *pb.Descriptor) ([]byte, error) {
	body, err := protojson.MarshalOptions{Multiline: true}.Marshal(d)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the descriptor cannot be stored: %w", err)
	}
	text := fmt.Appendf(nil, "%s%d\n%s\n", descriptorHead, formatVersion, body)
	sum := sha256.Sum256(text)
	return fmt.Appendf(text, "%s%s\n", descriptorTail, hex.EncodeToString(sum[:])), nil
}

func decodeDescriptor(text []byte) (*pb.Descriptor, error) {
	head, rest, ok := bytes.Cut(text, []byte("\n"))
	number, isHead := bytes.CutPrefix(head, []byte(descriptorHead))
	if !ok || !isHead {
		return nil, fault.New(fault.Corrupt, "it does not begin as a descriptor of Holdfast does; bring it back from a copy of the repository")
	}
	v, err := strconv.ParseUint(string(number), 10, 31)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "its format number is damaged; bring it back from a copy of the repository")
	}
	if v > formatVersion {
		return nil, fault.New(fault.Unsupported, "the repository has format %d, this version knows formats up to %d; upgrade the Transporter", v, formatVersion)
	}
	damaged := fault.New(fault.Corrupt, "it is damaged (its checksum does not fit); bring it back from a copy of the repository")
	at := bytes.LastIndex(rest, []byte("\n"+descriptorTail))
	if v == 0 || at < 0 {
		return nil, damaged
	}
	body, tail := rest[:at], rest[at+1:]
	sum := sha256.Sum256(text[:len(text)-len(tail)])
	if string(tail) != descriptorTail+hex.EncodeToString(sum[:])+"\n" {
		return nil, damaged
	}
	d := &pb.Descriptor{}
	if err := protojson.Unmarshal(body, d); err != nil {
		return nil, damaged
	}
	if len(d.GetId()) != 16 || d.GetLevel() > uint32(Best) {
		return nil, damaged
	}
	return d, nil
}

func writeDescriptor(fsys disk.FS, path string, d *pb.Descriptor) error {
	text, err := encodeDescriptor(d)
	if err != nil {
		return err
	}
	return disk.WriteFile(fsys, path, text)
}

// Identify returns the id and the name of the repository in a folder, without opening it or needing its key. NotFound when
// there is none.
func Identify(path string) (id, name string, err error) {
	d, err := readDescriptor(disk.OS{}, filepath.Join(path, descriptorFile))
	if err != nil {
		return "", "", err
	}
	return pack.Name(d.GetId()).String(), d.GetName(), nil
}

func readDescriptor(fsys disk.FS, path string) (*pb.Descriptor, error) {
	text, err := disk.ReadFile(fsys, path, descriptorLimit)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "%s is not a repository: it has no %s; check the path and that the disk is connected", filepath.Dir(path), descriptorFile)
	}
	if err != nil {
		return nil, err
	}
	d, err := decodeDescriptor(text)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	return d, nil
}
