package work_test

import (
	"time"

	"holdfast/test/graphsim/corpus"
)

type object = map[string]any

func who(name string) object {
	return object{"emailAddress": object{"name": "The " + name, "address": name + "@contoso.com"}}
}

func at(day string) object { return object{"dateTime": day + "T09:00:00.0000000", "timeZone": "UTC"} }

func property(id, value string) object { return object{"id": id, "value": value} }

// distinctMessages are two messages that have no value of any property in common, and neither what a new message has by
// itself, in at least one of them. MAPI properties set what Graph does not take otherwise.
func distinctMessages() []object {
	return []object{
		{
			"in": "inbox", "subject": "A subject of its own", "internetMessageId": "<fidelity-1@contoso.com>",
			"body": object{"contentType": "html", "content": `<p>Text <script>one()</script> with <img src="cid:logo@contoso"></p>`},
			"from": who("from"), "sender": who("sender"),
			"toRecipients": []object{who("to"), who("to-as-well")}, "ccRecipients": []object{who("cc")},
			"bccRecipients": []object{who("bcc")}, "replyTo": []object{who("reply")},
			"importance": "high", "categories": []string{"Blue", "Green"}, "isRead": true, "inferenceClassification": "other",
			"isDeliveryReceiptRequested": true, "isReadReceiptRequested": true,
			"flag": object{"flagStatus": "flagged", "startDateTime": at("2021-03-04"), "dueDateTime": at("2021-03-09")},
			"singleValueExtendedProperties": []object{
				property("Integer 0x0E07", "1"), property("SystemTime 0x0E06", "2021-03-03T10:11:12Z"),
				property("SystemTime 0x0039", "2021-03-03T10:09:08Z"),
				property("String 0x007D", "Received: from a by b\r\nReceived: from c by d\r\nX-Tested: yes\r\n"), property(ownProperty, "blue"),
			},
			"multiValueExtendedProperties": []object{{"id": ownProperties, "value": []string{"blue", "green"}}},
			"extensions":                   []object{{"@odata.type": "#microsoft.graph.openTypeExtension", "extensionName": "com.contoso.x", "y": 1}},
			"attachments": []object{
				{
					"@odata.type": "#microsoft.graph.fileAttachment", "name": "paper.pdf", "contentType": "application/pdf",
					"contentBytes": []byte("%PDF a paper"), "contentLocation": "https://contoso.com/paper.pdf",
				},
				{
					"@odata.type": "#microsoft.graph.fileAttachment", "name": "logo.png", "contentType": "image/png", "isInline": true,
					"contentBytes": []byte("PNG a logo"), "contentId": "logo@contoso",
				},
				{"@odata.type": "#microsoft.graph.itemAttachment", "name": "A letter", "item": attachedMessage()},
			},
		},
		{
			"in": "drafts", "subject": "Another one", "internetMessageId": "<fidelity-2@contoso.com>",
			"body": object{"contentType": "text", "content": "Plain words"},
			"from": who("writer"), "sender": who("hand"),
			"toRecipients": []object{who("reader")}, "importance": "low", "isRead": false, "inferenceClassification": "focused",
			"flag": object{"flagStatus": "complete", "startDateTime": at("2022-01-02"), "dueDateTime": at("2022-01-03"), "completedDateTime": at("2022-01-05")},
			"singleValueExtendedProperties": []object{
				property("SystemTime 0x0E06", "2022-01-01T01:02:03Z"), property("SystemTime 0x0039", "2022-01-01T01:01:01Z"),
			},
		},
	}
}

func attachedMessage() object {
	return object{
		"@odata.type": "#microsoft.graph.message", "subject": "Attached", "internetMessageId": "<fidelity-3@contoso.com>",
		"body": object{"contentType": "html", "content": "<b>A letter</b>"}, "from": who("author"), "sender": who("author"),
		"toRecipients": []object{who("to")}, "importance": "high", "categories": []string{"Red"}, "isRead": true,
		"flag": object{"flagStatus": "flagged", "startDateTime": at("2020-01-01"), "dueDateTime": at("2020-01-02")},
		"singleValueExtendedProperties": []object{
			property("Integer 0x0E07", "1"), property("SystemTime 0x0E06", "2020-01-01T00:00:01Z"), property("SystemTime 0x0039", "2020-01-01T00:00:00Z"),
			property("String 0x007D", "X-Within: yes\r\n"),
		},
	}
}

func meetingMessage() corpus.Message {
	day := time.Date(2021, 5, 6, 7, 8, 9, 0, time.UTC)
	return corpus.Message{
		Type: "eventMessageRequest", Subject: "A meeting", Body: "Come", MessageID: "<fidelity-meeting@contoso.com>",
		Received: day, Sent: day, Read: true,
	}
}
