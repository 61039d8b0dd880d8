package recovery

import (
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// Made reads from a recovery's journal what it made of each kept message. Nothing may be recovering with it meanwhile.
func Made(path string) (func(Ref) (mail.MessageID, bool), error) {
	open, made := map[string]journal.Source{}, map[journal.Source]mail.MessageID{}
	err := journal.Read(path, func(e journal.Entry) error {
		switch e.Kind { //nolint:exhaustive // the others make no message
		case journal.KindIntent:
			if e.Source != nil {
				open[e.ID] = *e.Source
			}
		case journal.KindVoid:
			delete(open, e.ID)
		case journal.KindDone:
			made[open[e.ID]] = mail.MessageID(e.New)
			delete(open, e.ID)
		}
		return nil
	})
	return func(r Ref) (mail.MessageID, bool) {
		id, ok := made[journal.Source(sourceKey(r.Folder, r.Message))]
		return id, ok
	}, err
}
