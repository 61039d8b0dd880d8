package record

import "maps"

// Progress of a task, or the sum over several.
type Progress struct {
	FoldersDone, FoldersTotal        int64
	MessagesDone, MessagesTotal      int64
	BytesRead, BytesNew              int64
	Attachments, Requests            int64
	MessagesChanged, MessagesDeleted int64
	RequestsByKind                   map[string]int64
}

// Effort returns the part of p that adds up over the attempts of a task: what was asked, read and kept. How far the task
// has come does not.
func (p Progress) Effort() Progress {
	return Progress{
		BytesRead: p.BytesRead, BytesNew: p.BytesNew, Attachments: p.Attachments, Requests: p.Requests,
		MessagesChanged: p.MessagesChanged, MessagesDeleted: p.MessagesDeleted, RequestsByKind: p.RequestsByKind,
	}
}

// Add adds o to p; o is not kept.
func (p *Progress) Add(o Progress) {
	p.FoldersDone += o.FoldersDone
	p.FoldersTotal += o.FoldersTotal
	p.MessagesDone += o.MessagesDone
	p.MessagesTotal += o.MessagesTotal
	p.BytesRead += o.BytesRead
	p.BytesNew += o.BytesNew
	p.Attachments += o.Attachments
	p.Requests += o.Requests
	p.MessagesChanged += o.MessagesChanged
	p.MessagesDeleted += o.MessagesDeleted
	if len(o.RequestsByKind) == 0 {
		return
	}
	sum := make(map[string]int64, len(p.RequestsByKind)+len(o.RequestsByKind))
	maps.Copy(sum, p.RequestsByKind)
	for k, n := range o.RequestsByKind {
		sum[k] += n
	}
	p.RequestsByKind = sum
}
