package fleet

import (
	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Search returns the search service of a Transporter. Calls fail with Unavailable while it is out of reach, and with
// Unsupported when it is older than search.
func (f *Fleet) Search(id record.TransporterID) (transporterv1.SearchServiceClient, error) {
	t, err := f.Get(id)
	if err != nil {
		return nil, err
	}
	conn, err := f.connect(t)
	if err != nil {
		return nil, err
	}
	return transporterv1.NewSearchServiceClient(conn), nil
}
