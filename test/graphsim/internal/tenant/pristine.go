package tenant

import "sync"

// maxPristine is how many untouched mailboxes are remembered between requests.
const maxPristine = 64

// pristine remembers mailboxes in which nothing happened: they can be forgotten at any time and made again.
type pristine struct {
	mu    sync.Mutex
	boxes map[string]*Mailbox
}

func (p *pristine) get(u *User) *Mailbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	mb := p.boxes[u.ID]
	if mb == nil {
		if len(p.boxes) >= maxPristine || p.boxes == nil {
			p.boxes = map[string]*Mailbox{}
		}
		mb = makeMailbox(u.ID, u.born)
		p.boxes[u.ID] = mb
	}
	return mb
}

func (p *pristine) drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.boxes, id)
}

// makeMailbox makes a mailbox as it is before anything happens in it: the default folders in the user's language, and
// the bulk.
func makeMailbox(id string, o *origin) *Mailbox {
	mb := &Mailbox{
		ID: id, nextFolder: 1, nextUID: 1, born: o.seq,
		folders: map[uint32]*folderState{}, messages: map[uint64]*Message{},
	}
	seq := o.seq
	put := func(f Folder) uint32 {
		f.Num = mb.nextFolder
		mb.applyFolder(&f, seq)
		mb.folders[f.Parent].settle()
		seq++
		return f.Num
	}
	nums := map[string]uint32{}
	for _, d := range defaultFolders {
		nums[d.role] = put(Folder{Parent: nums[d.parent], Name: d.name(o.language), Role: d.role, Hidden: d.hidden})
	}
	if o.bulk == nil {
		return mb
	}
	var own []uint32
	for i := range o.bulk.Folders {
		if !o.bulk.OneFolder {
			own = append(own, put(Folder{Parent: nums["msgfolderroot"], Name: bulkFolderName(i)}))
		}
	}
	mb.bulk = newBulkMail(o.bulk, *o.owner, nums, own)
	mb.nextUID = uint64(mb.bulk.Messages) + 1
	for num, share := range mb.bulk.shares {
		st := mb.folders[num]
		st.bulk, st.total, st.unread = share, share.count, share.unread()
	}
	return mb
}

// settle keeps the making of children from counting as a change of the parent: the order of a first folder delta is that
// of the folders.
func (st *folderState) settle() {
	if st != nil {
		st.countSeq = 0
	}
}
