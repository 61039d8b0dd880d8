package tenant

// Props is a set of message properties. A write says which ones it changed; change tracking reports a write only to
// those who asked for one of them (contract 4.4, $select).
type Props uint64

// The properties that can change.
const (
	PropSubject Props = 1 << iota
	PropBody
	PropFrom
	PropSender
	PropTo
	PropCc
	PropBcc
	PropReplyTo
	PropReceived
	PropSent
	PropInternetMessageID
	PropHeaders
	PropImportance
	PropCategories
	PropFlag
	PropRead
	PropDraft
	PropReadReceipt
	PropDeliveryReceipt
	PropClassification
	PropHasAttachments
	PropParentFolder
	PropExtended
	PropConversation
	// PropKey is changeKey and lastModifiedDateTime: they change with every write.
	PropKey

	PropAll Props = 1<<iota - 1
)
