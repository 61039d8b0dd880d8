package repository

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/codec"
)

// The descriptor is text in UTF-8 with lines that end in a single line feed, so that a person who finds the folder can tell
// what it is:
//
//	holdfast repository format 1
//	{ …Descriptor as JSON… }
//	sha256 <SHA-256 of everything before this line, in hexadecimal>
//
// The first line keeps its form in every format, so that any version can say that it is too old. The JSON is protobuf's own
// form of message Descriptor (proto/holdfast/repository/v1): names in lowerCamelCase, bytes in base64, times in RFC 3339, and
// fields that are zero left out. It may take several lines; the last line of the file is the checksum. The whole is at most
// 1 MiB.
//
// It lies in the folder twice, as holdfast.repo and, byte for byte the same, holdfast.repo.copy: without it an encrypted
// repository cannot be opened, nor blobs read that need a dictionary. The first counts as long as it is whole.
const (
	descriptorHead  = "holdfast repository format "
	descriptorTail  = "sha256 "
	descriptorLimit = 1 << 20
	formatVersion   = 1
)

// The values of Descriptor.removal. Numbers are stored.
const (
	removalDelete   = 1
	removalRecreate = 2
)

func encodeDescriptor(d *pb.Descriptor) ([]byte, error) {
	body, err := protojson.MarshalOptions{Multiline: true}.Marshal(d)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the descriptor cannot be stored: %w", err)
	}
	text := fmt.Appendf(nil, "%s%d\n%s\n", descriptorHead, formatVersion, body)
	sum := sha256.Sum256(text)
	text = fmt.Appendf(text, "%s%s\n", descriptorTail, hex.EncodeToString(sum[:]))
	if len(text) > descriptorLimit {
		return nil, fault.New(fault.Invalid, "a descriptor of %d bytes is longer than the %d that one may have; give a shorter name", len(text), descriptorLimit)
	}
	return text, nil
}

// decodeDescriptor reads a descriptor. Its errors do not name the file.
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
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, d); err != nil {
		return nil, damaged
	}
	if n := d.GetNeeds(); len(n) > 0 {
		return nil, fault.New(fault.Unsupported, "the repository needs %q, which this version does not know; upgrade the Transporter", n[0])
	}
	if d.GetLevel() > uint32(Best) {
		return nil, fault.New(fault.Unsupported, "the repository has compression level %d, this version knows levels up to %d; upgrade the Transporter", d.GetLevel(), Best)
	}
	if len(d.GetId()) != 16 || d.GetRemoval() > removalRecreate || len(d.GetDictionaries()) > codec.MaxDictionaries {
		return nil, damaged
	}
	return d, nil
}
