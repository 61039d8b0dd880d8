package e2e

import "holdfast/pkg/pairing"

func newCode() (string, error) {
	c, err := pairing.New([32]byte{1})
	return c.String(), err
}
