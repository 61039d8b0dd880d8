package e2e

import (
	"strings"
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// The ways between Director and Transporters are tried, and one that is closed is named with what to do.
func TestTheWaysOfASiteAreTried(t *testing.T) {
	s := newSite(t, 2)
	setUp(t, s)
	var got pb.TestTransporterResponse
	if err := s.CLI(t.Context(), &got, nil, "transporter", "test", "t1"); err != nil {
		t.Fatal(err)
	}
	if len(got.GetWays()) != 3 {
		t.Fatalf("tried %v", got.GetWays())
	}
	for _, w := range got.GetWays() {
		if w.GetError() != "" || w.GetMicroseconds() <= 0 || w.GetAddress() == "" {
			t.Errorf("%s to %s: %v", w.GetFromName(), w.GetToName(), w)
		}
	}
	// Others are told a place where nobody is.
	cli(t, s, "transporter", "update", "t2", "--transfer-host", "127.0.0.77")
	err := s.CLI(t.Context(), nil, nil, "transporter", "test", "t1", "t2")
	if err == nil || !strings.Contains(err.Error(), "t1 to t2") || !strings.Contains(err.Error(), "transfer ports") {
		t.Errorf("a closed way: %v", err)
	}
	if err := s.Transporters[1].Stop(); err != nil {
		t.Fatal(err)
	}
	err = s.CLI(t.Context(), nil, nil, "transporter", "test", "t2")
	if err == nil || !strings.Contains(err.Error(), "Director to t2") {
		t.Errorf("a Transporter that is off: %v", err)
	}
}
