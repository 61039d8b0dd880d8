package api

import (
	"testing"

	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
)

func TestADiskOfTwoTransportersOnOneMachineCountsOnce(t *testing.T) {
	st := &overview.State{
		Transporters: []record.Transporter{
			{ID: "a", Address: "127.0.0.1:9446"},
			{ID: "b", Address: "[::1]:9447"},
			{ID: "c", Address: "vault.example.com:9446"},
			{ID: "d", Address: "Vault.example.com:9447"},
			{ID: "e", Address: "other.example.com:9446"},
		},
	}
	for _, id := range []record.TransporterID{"a", "b", "c", "d", "e"} {
		r := record.Repository{ID: record.RepositoryID(id), Transporter: id, Attached: true}
		r.Statistics.TotalBytes, r.Statistics.FreeBytes = 1000<<26, 100<<26
		st.Repositories = append(st.Repositories, r)
	}
	got := showSpace(st)
	if want := int64(3 * 100 << 26); got.GetFreeBytes() != want {
		t.Errorf("free: got %d, want that of three machines, %d", got.GetFreeBytes(), want)
	}
	if want := int64(3 * 1000 << 26); got.GetTotalBytes() != want {
		t.Errorf("in all: got %d, want that of three machines, %d", got.GetTotalBytes(), want)
	}
}
