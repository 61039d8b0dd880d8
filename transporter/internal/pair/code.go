package pair

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/pairing"
)

// codeFile holds the pairing code while the Transporter waits for its Director.
const codeFile = "pairing-code"

// PublishCode writes the code to DIR/pairing-code for the owner only.
func PublishCode(dir string, code pairing.Code) error {
	return writeFile(filepath.Join(dir, codeFile), []byte(code.String()+"\n"))
}

// WithdrawCode removes the file. One that is not there is no error.
func WithdrawCode(dir string) error {
	if err := os.Remove(filepath.Join(dir, codeFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unavailable, "remove the used pairing code: %w", err)
	}
	return nil
}

// ReadCode returns the code of the Transporter that runs on the data folder; NotFound when it offers none.
func ReadCode(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, codeFile))
	if errors.Is(err, fs.ErrNotExist) {
		identity := filepath.Join(dir, identityFile)
		if _, statErr := os.Stat(identity); statErr == nil {
			return "", fault.New(fault.NotFound, "this Transporter is paired already; it offers a new code after it was "+
				"removed in the Director. If that Director is gone or out of reach: stop the Transporter, remove %s, start it", identity)
		}
		return "", fault.New(fault.NotFound, "there is no pairing code in %s: is the Transporter running on this data folder?", dir)
	}
	if err != nil {
		return "", fault.New(fault.Unavailable, "read the pairing code: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}
