package repository

import (
	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
)

// stretch is a run of a list's bytes that can be read.
type stretch struct {
	data        []byte
	first, last bool // whether the list begins with it, and ends
}

// stretches reads a list as far as that can be done: one stretch if all of it can, else those between the parts that
// cannot, and damage, which is Corrupt. The error is anything else that was met.
func (t *treeStore) stretches(l *pb.List) (list []stretch, damage, err error) {
	if l == nil {
		return nil, nil, nil
	}
	bad := fault.New(fault.Corrupt, "a list of a recovery point is damaged")
	if l.GetSize() < 0 || l.GetSize() > listLimit || int64(len(l.GetParts())) > l.GetSize() {
		return nil, bad, nil
	}
	var size int64
	joined := false // the part before this one was read
	for i, p := range l.GetParts() {
		var part []byte
		err := error(bad)
		if len(p) == 32 {
			part, err = t.Load(record.Hash(p))
		}
		if fault.KindOf(err) == fault.Corrupt {
			damage, joined = err, false
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if size += int64(len(part)); size > l.GetSize() {
			return nil, bad, nil
		}
		if !joined {
			list = append(list, stretch{first: i == 0})
			joined = true
		}
		s := &list[len(list)-1]
		s.data = append(s.data, part...)
		s.last = i == len(l.GetParts())-1
	}
	if damage == nil && size != l.GetSize() {
		return nil, bad, nil
	}
	return list, damage, nil
}

// loadList reads a list as a whole.
func (t *treeStore) loadList(l *pb.List) ([]byte, error) {
	list, damage, err := t.stretches(l)
	if err == nil {
		err = damage
	}
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0].data, nil
}

// itemField is the one field, repeated, of each stored list message.
const itemField = 1

// loadItems returns the encoded items of a list message. Where parts of the list cannot be read it returns those in the
// others, and damage. Where an item begins behind such a part is found by trying: from the right place on, one plausible
// item follows the other up to the end.
func (t *treeStore) loadItems(l *pb.List, plausible func([]byte) bool) (items [][]byte, damage, err error) {
	list, damage, err := t.stretches(l)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range list {
		if s.first {
			part, whole := cutItems(s.data, nil)
			if !whole && s.last {
				damage = fault.New(fault.Corrupt, "a list of a recovery point is damaged")
			}
			items = append(items, part...)
			continue
		}
		for i := range s.data {
			if s.data[i] != byte(protowire.EncodeTag(itemField, protowire.BytesType)) {
				continue
			}
			if part, whole := cutItems(s.data[i:], plausible); len(part) > 0 && (whole || !s.last) {
				items = append(items, part...)
				break
			}
		}
	}
	return items, damage, nil
}

// cutItems returns the items at the beginning of data, and whether they reach to its end. One that is not plausible means
// that there are none.
func cutItems(data []byte, plausible func([]byte) bool) (items [][]byte, whole bool) {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeField(data)
		if n < 0 {
			return items, false // cut off
		}
		isItem := num == itemField && typ == protowire.BytesType
		if isItem {
			item, _ := protowire.ConsumeBytes(data[protowire.SizeTag(itemField):])
			items = append(items, item)
		}
		if plausible != nil && (!isItem || !plausible(items[len(items)-1])) {
			return nil, false
		}
		data = data[n:]
	}
	return items, true
}
