package repository

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/pack"
)

// useDictionary names the boxes of dictionaries. A dictionary is made of mail, so it is encrypted like mail.
const useDictionary = "dictionary"

// startCoder makes the coder and gives it the dictionaries of the descriptor. One that is damaged is a problem; blobs that
// need it are then told to be damaged when they are read.
func (r *Repository) startCoder() error {
	coder, err := codec.New(codec.Options{
		Level: r.Level(), Limit: pack.MaxBlob, Keep: r.keepDictionary, LearnAfter: r.opts.learnAfter,
	})
	if err != nil {
		return err
	}
	r.coder = coder
	for _, d := range r.descriptor().GetDictionaries() {
		if err := r.addDictionary(d); err != nil {
			r.problem(r.path(descriptorFile), fmt.Sprintf("dictionary %d: %v; what was compressed with it cannot be read", d.GetNumber(), err))
		}
	}
	return nil
}

func (r *Repository) addDictionary(d *pb.Dictionary) error {
	damaged := fault.New(fault.Corrupt, "a stored dictionary is damaged; bring the descriptor back from a copy of the repository")
	block, err := r.ring.Unbox(useDictionary, d.GetBox())
	if err != nil {
		return damaged
	}
	n, err := codec.FastLen(block, codec.MaxDictionary)
	if err != nil || d.GetNumber() == 0 || d.GetNumber() > 1<<16-1 {
		return damaged
	}
	content, err := codec.DecompressFast(block, n)
	if err != nil {
		return damaged
	}
	return r.coder.Add(codec.Dictionary(d.GetNumber()), content)
}

// keepDictionary writes a dictionary to the descriptor and its copy, before any blob needs it.
func (r *Repository) keepDictionary(d codec.Dictionary, content []byte) error {
	box := r.ring.Box(nil, useDictionary, codec.CompressFast(nil, content))
	err := r.describe(func(desc *pb.Descriptor) error {
		desc.Dictionaries = append(desc.Dictionaries, &pb.Dictionary{Number: uint32(d), Box: box, Created: timestamppb.New(r.opts.Now().UTC())})
		return nil
	})
	if err != nil {
		r.problem(r.path(descriptorFile), "a dictionary could not be kept, so bodies take more room: "+err.Error())
	}
	return err
}
