package message

// Numbers of the fields of Message and of what is in it, in proto/holdfast/repository/v1.
const (
	fieldID                = 1 // up to the time of receipt: only of an attached message
	fieldFolder            = 2
	fieldReceived          = 3
	fieldChangeKey         = 4
	fieldType              = 5
	fieldSubject           = 6
	fieldPreview           = 7
	fieldBodyType          = 8
	fieldFrom              = 9
	fieldSender            = 10
	fieldTo                = 11
	fieldCc                = 12
	fieldBcc               = 13
	fieldReplyTo           = 14
	fieldSent              = 15
	fieldCreated           = 16
	fieldModified          = 17
	fieldInternetMessageID = 18
	fieldHeaders           = 19
	fieldConversationID    = 20
	fieldConversationIndex = 21
	fieldImportance        = 22
	fieldCategories        = 23
	fieldFlag              = 24
	fieldRead              = 25
	fieldDraft             = 26
	fieldDeliveryReceipt   = 27
	fieldReadReceipt       = 28
	fieldOther             = 29
	fieldHasAttachments    = 30
	fieldBody              = 31
	fieldMIME              = 32
	fieldAttachments       = 33
	fieldLost              = 34
	fieldNeeds             = 35

	// Of Address, Header and FlagTime, which all have two texts.
	fieldFirst  = 1
	fieldSecond = 2

	// Of a time.
	fieldSeconds = 1
	fieldNanos   = 2

	// Of Flag.
	fieldStatus    = 1
	fieldStart     = 2
	fieldDue       = 3
	fieldCompleted = 4

	// Of Content.
	fieldHashes = 1
	fieldSizes  = 2

	// Of Attachment.
	fieldAttachmentID       = 1
	fieldAttachmentKind     = 2
	fieldAttachmentName     = 3
	fieldContentType        = 4
	fieldSize               = 5
	fieldInline             = 6
	fieldContentID          = 7
	fieldContentLocation    = 8
	fieldAttachmentModified = 9
	fieldContent            = 10
	fieldItem               = 11
	fieldAttachmentLost     = 12
)
