package recovery

import (
	"slices"
	"sync"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// What Graph cannot carry (contract 6.4), in sentences for the report.
const (
	noteAlways = "Microsoft gives a recovered message a new id and conversation, and the moment of recovery as the times " +
		"it was created and last modified; the dates sent and received are as they were."
	noteMerged = "Folders with the same name under the same parent were merged: Microsoft allows a name once, ignoring " +
		"capital letters."
	noteDumpster  = "Nothing can be created in Recoverable Items; its messages come back into ordinary folders of the same names."
	noteReference = "Links to files in the cloud (reference attachments) come back without their address, which " +
		"Microsoft does not tell; the name is kept."
	noteMeeting = "Meeting requests and answers come back as plain messages: Microsoft does not let meetings be created this way."
	noteSigned  = "Signed or encrypted messages come back with their signed part as an attachment; mail programs may not " +
		"check the signature any more."
	noteHeaders   = "Headers as received come back as a whole text where Microsoft allows it; Microsoft may show fewer."
	noteShortened = "Folder names that are longer than Microsoft accepts were shortened."
	noteRenamed   = "Copies of messages that exist lie in folders named like the original with “" + recoveredSuffix + "” behind."
)

// notes gathers sentences, each once. It may be used by many goroutines.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(sentence string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.all, sentence) {
		n.all = append(n.all, sentence)
	}
}

func (n *notes) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

// about adds what must be said about a message that is written.
func (n *notes) about(m *record.Message) {
	n.add(noteAlways)
	if m.Type != "" {
		n.add(noteMeeting)
	}
	if len(m.Headers) > 0 {
		n.add(noteHeaders)
	}
	for _, a := range m.Attachments {
		switch {
		case a.Kind == mail.AttachmentReference:
			n.add(noteReference)
		case a.ContentType == "multipart/signed" || a.Name == "smime.p7m":
			n.add(noteSigned)
		}
	}
}
