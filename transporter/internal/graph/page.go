package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// links are what a page says beside its values.
type links struct {
	next  string // @odata.nextLink
	delta string // @odata.deltaLink
}

// readPage reads an OData collection as it comes, handing each element of "value" to element, which must decode exactly
// one JSON value. It holds one element at a time. Names are matched exactly; unknown ones are skipped.
func readPage(body io.Reader, element func(*json.Decoder) error) (links, error) {
	var l links
	dec := json.NewDecoder(body)
	err := eachMember(dec, func(name string) error {
		switch name {
		case "value":
			return eachElement(dec, func() error { return element(dec) })
		case "@odata.nextLink":
			return dec.Decode(&l.next)
		case "@odata.deltaLink":
			return dec.Decode(&l.delta)
		default:
			var skipped json.RawMessage
			return dec.Decode(&skipped)
		}
	})
	return l, err
}

// eachMember walks an object; f must consume the value of the member it is told of.
func eachMember(dec *json.Decoder, f func(name string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder sees to it that a member has a name
		if err := f(name); err != nil {
			return err
		}
	}
	return expect(dec, '}')
}

// eachElement walks an array; f must consume one element.
func eachElement(dec *json.Decoder, f func() error) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.More() {
		if err := f(); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got %T where %v belongs", got, want)
	}
	return nil
}

// getPage sends the request and collects the elements of its page. A broken page is read again from its beginning.
func getPage[T any](ctx context.Context, c *Client, r request) ([]T, links, error) {
	var all []T
	var l links
	err := c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		all = nil
		var err error
		l, err = readPage(resp.Body, func(dec *json.Decoder) error {
			var one T
			if err := dec.Decode(&one); err != nil {
				return err
			}
			all = append(all, one)
			return nil
		})
		return err
	})
	return all, l, err
}

// getOne sends the request and decodes its whole answer.
func getOne[T any](ctx context.Context, c *Client, r request) (T, error) {
	var one T
	err := c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		one = *new(T)
		return json.NewDecoder(resp.Body).Decode(&one)
	})
	return one, err
}

func closeBody(resp *http.Response) {
	drain(resp.Body)
	_ = resp.Body.Close()
}
