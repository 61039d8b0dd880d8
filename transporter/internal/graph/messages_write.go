package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Recovered is a message that carries a recovery id.
type Recovered struct {
	ID mail.MessageID
	// Whole is false when its creation was not finished.
	Whole bool
	// ChangeKey is what it has now.
	ChangeKey string
}

// FindRecovered returns the message in the folder that was created under the recovery id; NotFound when there is none.
func (c *Client) FindRecovered(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, recoveryID string) (Recovered, error) {
	type found struct {
		ID         mail.MessageID `json:"id"`
		ChangeKey  string         `json:"changeKey"`
		Properties []newProperty  `json:"singleValueExtendedProperties"`
	}
	all, _, err := getPage[found](ctx, c, request{
		kind: KindMessage, mailbox: mailbox, url: c.base + query(folderPath(mailbox, folder)+"/messages",
			"$filter", "singleValueExtendedProperties/any(ep: ep/id eq '"+propRecovery+"' and ep/value eq '"+quote(recoveryID)+"')",
			"$expand", "singleValueExtendedProperties($filter=id eq '"+propState+"')", "$select", "id,changeKey", "$top", "2"),
	})
	if err != nil {
		return Recovered{}, finish(err)
	}
	if len(all) == 0 {
		return Recovered{}, fault.New(fault.NotFound, "no message carries this recovery id")
	}
	whole := true
	for _, p := range all[0].Properties {
		whole = whole && p.Value != stateBuilding
	}
	return Recovered{ID: all[0].ID, Whole: whole, ChangeKey: all[0].ChangeKey}, nil
}

// quote doubles the quotes of an OData string.
func quote(s string) string { return strings.ReplaceAll(s, "'", "''") }

// lightSelect is what tells messages apart.
const lightSelect = "changeKey,parentFolderId,subject,from,receivedDateTime,sentDateTime,internetMessageId,isRead,isDraft"

// List yields the messages of a folder with what tells them apart: id, change key, internet message id, subject, sender,
// both dates, read and draft state. Messages that arrive or leave meanwhile may be missed. It ends after an error.
func (c *Client) List(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID) iter.Seq2[mail.Message, error] {
	return func(yield func(mail.Message, error) bool) {
		address := c.base + query(folderPath(mailbox, folder)+"/messages", "$select", lightSelect, "$top", "1000")
		for address != "" {
			page, l, err := getPage[wireMessage](ctx, c, request{kind: KindList, mailbox: mailbox, url: address})
			if err == nil {
				address = ""
				if l.next != "" {
					address, err = c.follow(l.next)
				}
			}
			if err != nil {
				yield(mail.Message{}, folderFault(err))
				return
			}
			for i := range page {
				m, _ := page[i].message()
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

// FindByInternetMessageID returns the messages of the mailbox, in whatever folder, that have the internet message id.
func (c *Client) FindByInternetMessageID(ctx context.Context, mailbox mail.MailboxID, internetID string) ([]mail.Message, error) {
	all, _, err := getPage[wireMessage](ctx, c, request{
		kind: KindMessage, mailbox: mailbox, url: c.base + query(user(mailbox)+"/messages",
			"$filter", "internetMessageId eq '"+quote(internetID)+"'", "$select", lightSelect, "$top", "100"),
	})
	if err != nil {
		return nil, finish(err)
	}
	messages := make([]mail.Message, len(all))
	for i := range all {
		messages[i], _ = all[i].message()
	}
	return messages, nil
}

// Update is what can be changed of a message that is no draft (contract 6.8). Nil fields stay as they are.
type Update struct {
	Read           *bool
	Importance     *mail.Importance
	Categories     *[]string
	Flag           *mail.Flag
	InferenceOther *bool
}

// UpdateMessage changes a message.
func (c *Client) UpdateMessage(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID, u Update) error {
	patch := map[string]any{}
	if u.Read != nil {
		patch["isRead"] = *u.Read
	}
	if u.Importance != nil {
		patch["importance"] = [...]string{mail.ImportanceNormal: "normal", mail.ImportanceLow: "low", mail.ImportanceHigh: "high"}[*u.Importance]
	}
	if u.Categories != nil {
		patch["categories"] = append([]string{}, *u.Categories...)
	}
	if u.Flag != nil {
		patch["flag"] = map[string]string{"flagStatus": "notFlagged"}
		if f := flagOf(*u.Flag); f != nil {
			patch["flag"] = f
		}
	}
	if u.InferenceOther != nil {
		patch["inferenceClassification"] = map[bool]string{false: "focused", true: "other"}[*u.InferenceOther]
	}
	if len(patch) == 0 {
		return nil
	}
	return finish(c.patch(ctx, mailbox, id, patch, nil))
}

// setState writes into a created message how far its creation is. It returns the change key that the message has then.
func (c *Client) setState(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID, state string) (string, error) {
	var changed madeMessage
	err := c.patch(ctx, mailbox, id, map[string]any{"singleValueExtendedProperties": []newProperty{{propState, state}}}, &changed)
	return changed.ChangeKey, err
}

// patch may be repeated: it says what shall be, not what shall change.
func (c *Client) patch(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID, v, got any) error {
	return c.sendJSON(ctx, request{kind: KindWrite, method: http.MethodPatch, mailbox: mailbox, url: c.base + messagePath(mailbox, id)}, v, got)
}

// sendJSON sends v and decodes the answer into got, if that is not nil.
func (c *Client) sendJSON(ctx context.Context, r request, v, got any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	r.body, r.size = func() io.Reader { return bytes.NewReader(body) }, int64(len(body))
	return c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		if got == nil {
			return nil
		}
		return json.NewDecoder(resp.Body).Decode(got)
	})
}

// MoveMessage moves a message to a folder of the same mailbox. With immutable ids it keeps its id, so moving again is safe.
func (c *Client) MoveMessage(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID, to mail.FolderID) error {
	return finish(c.sendJSON(ctx, request{
		kind: KindWrite, method: http.MethodPost, mailbox: mailbox, url: c.base + messagePath(mailbox, id) + "/move",
	}, map[string]string{"destinationId": string(to)}, nil))
}

// DeleteMessage deletes a message as a person would: it can be found in Deleted Items or Recoverable Items afterwards.
// One that is not there is no error.
func (c *Client) DeleteMessage(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID) error {
	return c.remove(ctx, request{kind: KindWrite, method: http.MethodDelete, mailbox: mailbox, url: c.base + messagePath(mailbox, id)})
}

// TrashMessage moves a message out of a folder to Deleted Items, from where MoveMessage brings it back; one that lies in
// Deleted Items is deleted as a person would. One that is not there is no error.
func (c *Client) TrashMessage(ctx context.Context, mailbox mail.MailboxID, from mail.FolderID, id mail.MessageID) error {
	var moved struct {
		Folder mail.FolderID `json:"parentFolderId"`
	}
	err := c.sendJSON(ctx, request{
		kind: KindWrite, method: http.MethodPost, mailbox: mailbox, url: c.base + messagePath(mailbox, id) + "/move",
	}, map[string]string{"destinationId": "deleteditems"}, &moved)
	switch a, ok := answerOf(err); {
	case err == nil && moved.Folder != from:
		return nil
	case err == nil:
		return c.DeleteMessage(ctx, mailbox, id)
	case ok && a.meaning().kind == fault.NotFound && !a.meaning().noMailbox:
		return c.DeleteMessage(ctx, mailbox, id) // the message is gone, or the folder: deleting tells
	}
	return finish(err)
}

// DiscardMessage removes a message that Holdfast made and did not finish, as completely as the cloud allows. One that is
// not there is no error.
func (c *Client) DiscardMessage(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID) error {
	err := c.remove(ctx, request{
		kind: KindWrite, method: http.MethodPost, mailbox: mailbox, url: c.base + messagePath(mailbox, id) + "/permanentDelete",
	})
	if err == nil || interrupted(ctx, err) {
		return err
	}
	return c.DeleteMessage(ctx, mailbox, id) // permanentDelete is not to be had in all clouds (contract 1.6)
}

// interrupted reports whether a request was kept from being answered, so that nothing follows from its failure.
func interrupted(ctx context.Context, err error) bool {
	return fault.Temporary(err) || errors.Is(err, fault.Unauthorized) || errors.Is(err, fault.Canceled) || ctx.Err() != nil
}

func (c *Client) remove(ctx context.Context, r request) error {
	err := c.attempt(ctx, r, func(resp *http.Response) error {
		closeBody(resp)
		return nil
	})
	a, ok := answerOf(err)
	switch {
	case ok && a.has("ErrorCannotDeleteObject"): // it lies in Recoverable Items already (contract 6.8)
		return nil
	case ok && a.meaning().kind == fault.NotFound && !a.meaning().noMailbox && r.method == http.MethodDelete:
		return nil
	}
	return finish(err)
}
