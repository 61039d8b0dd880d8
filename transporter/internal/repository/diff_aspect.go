package repository

import (
	"reflect"
	"slices"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Aspect is a part of a message or folder that can change.
type Aspect string

// The aspects of folders.
const (
	FolderName   Aspect = "name"
	FolderParent Aspect = "parent"
	FolderHidden Aspect = "hidden"
	FolderRole   Aspect = "role"
)

// The aspects of messages.
const (
	Subject     Aspect = "subject"
	Body        Aspect = "body"
	Sender      Aspect = "sender"     // from, sender, reply-to
	Recipients  Aspect = "recipients" // to, cc, bcc
	Dates       Aspect = "dates"      // received, sent
	Headers     Aspect = "headers"    // internet message id and headers
	Attachments Aspect = "attachments"
	Read        Aspect = "read"
	Flag        Aspect = "flag"
	Categories  Aspect = "categories"
	Importance  Aspect = "importance"
	Draft       Aspect = "draft"
	MIME        Aspect = "mime copy"
	Losses      Aspect = "losses" // what could not be kept of it
	Other       Aspect = "other"  // receipts wanted, focused, and what the service counts for itself
)

func folderAspects(a, b *mail.Folder) []Aspect {
	var list []Aspect
	add := func(differs bool, aspect Aspect) {
		if differs {
			list = append(list, aspect)
		}
	}
	add(a.Name != b.Name, FolderName)
	add(a.Parent != b.Parent, FolderParent)
	add(a.Hidden != b.Hidden, FolderHidden)
	add(a.Role != b.Role, FolderRole)
	return list
}

// messageAspects says in what two records of a message differ. What the service counts for itself (change key, time of
// modification) changes with everything, so it counts as Other only where nothing else has changed.
func messageAspects(a, b *record.Message) []Aspect {
	var list []Aspect
	add := func(differs bool, aspect Aspect) {
		if differs {
			list = append(list, aspect)
		}
	}
	add(a.Subject != b.Subject, Subject)
	add(a.BodyType != b.BodyType || !sameContent(a.Body, b.Body), Body)
	add(!sameAddress(a.From, b.From) || !sameAddress(a.Sender, b.Sender) || !slices.Equal(a.ReplyTo, b.ReplyTo), Sender)
	add(!slices.Equal(a.To, b.To) || !slices.Equal(a.Cc, b.Cc) || !slices.Equal(a.Bcc, b.Bcc), Recipients)
	add(!a.Received.Equal(b.Received) || !a.Sent.Equal(b.Sent), Dates)
	add(a.InternetMessageID != b.InternetMessageID || !slices.Equal(a.Headers, b.Headers), Headers)
	add(!slices.EqualFunc(a.Attachments, b.Attachments, sameAttachment), Attachments)
	add(a.Read != b.Read, Read)
	add(a.Flag != b.Flag, Flag)
	add(!slices.Equal(a.Categories, b.Categories), Categories)
	add(a.Importance != b.Importance, Importance)
	add(a.Draft != b.Draft, Draft)
	add(!sameContent(a.MIME, b.MIME), MIME)
	add(!slices.Equal(a.Lost, b.Lost), Losses)
	add(a.DeliveryReceiptWanted != b.DeliveryReceiptWanted || a.ReadReceiptWanted != b.ReadReceiptWanted ||
		a.InferenceOther != b.InferenceOther || a.Type != b.Type, Other)
	if len(list) == 0 && a.Folder == b.Folder {
		list = append(list, Other)
	}
	return list
}

func sameContent(a, b record.Content) bool {
	return a.Size == b.Size && slices.Equal(a.Pieces, b.Pieces)
}

func sameAddress(a, b *mail.Address) bool { return a == b || a != nil && b != nil && *a == *b }

func sameAttachment(a, b record.Attachment) bool {
	if !a.Modified.Equal(b.Modified) || (a.Item == nil) != (b.Item == nil) || a.Lost != b.Lost || !sameContent(a.Content, b.Content) {
		return false
	}
	a.Attachment.Modified = b.Attachment.Modified // the same moment, perhaps in another form
	return a.Attachment == b.Attachment && (a.Item == nil || reflect.DeepEqual(a.Item, b.Item))
}
