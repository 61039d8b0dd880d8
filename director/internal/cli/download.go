package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"connectrpc.com/connect"

	"holdfast/pkg/fault"
)

// Bounds of a download: how much of an error is read.
const maxRefusal = 64 << 10

// download asks for a file and writes it to w, as it comes. It returns the file's name as the Director calls it. A file
// that breaks off is an error: what w got is then no whole file.
func (c *api) download(ctx context.Context, path string, form url.Values, w func(name string) (io.Writer, error)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.director+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	c.who.headers(req.Header)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return c.settings.wireError(connect.NewError(connect.CodeUnavailable, err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return c.refused(ctx, resp)
	}
	_, parameters, _ := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	to, err := w(parameters["filename"])
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault.New(fault.Unavailable, "the download broke off (%w); ask for it again", err)
	}
	return nil
}

// refused reads why there is no file.
func (c *api) refused(ctx context.Context, resp *http.Response) error {
	var said struct{ Code, Message string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxRefusal)).Decode(&said); err != nil || said.Message == "" {
		return fault.New(fault.Unavailable, "%s answered %s, which is no answer of a Director", c.settings.director, resp.Status)
	}
	var code connect.Code
	if err := code.UnmarshalText([]byte(said.Code)); err != nil {
		code = connect.CodeUnknown
	}
	return c.who.explain(ctx, c.settings.wireError(connect.NewError(code, errors.New(said.Message))))
}

// save downloads into a file: to a path that must not exist, into a folder under the file's own name, or to standard
// output ("-"). The file appears when it is whole. It returns its path.
func (a *app) save(ctx context.Context, c *api, path string, form url.Values, to string) (string, error) {
	if to == "-" {
		return "-", c.download(ctx, path, form, func(string) (io.Writer, error) { return a.Stdout, nil })
	}
	var partial *os.File
	err := c.download(ctx, path, form, func(name string) (_ io.Writer, err error) {
		if info, statErr := os.Stat(to); to == "" || statErr == nil && info.IsDir() {
			name = filepath.Base(filepath.FromSlash(strings.ReplaceAll(name, "\\", "/")))
			if name == "." || name == string(filepath.Separator) {
				name = "download"
			}
			to = filepath.Join(to, name)
		}
		if _, statErr := os.Lstat(to); statErr == nil {
			return nil, fault.New(fault.Conflict, "%s exists; name another file with --to", to)
		}
		partial, err = os.OpenFile(to+".partial", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		return partial, err
	})
	if partial == nil {
		return to, err
	}
	if closed := partial.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(partial.Name(), to)
	}
	if err != nil {
		_ = os.Remove(partial.Name())
	}
	return to, err
}
