package ferry

import (
	"context"

	"holdfast/pkg/identity"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/transfer"
)

// Dial begins a session in a repository behind another Transporter of the installation. Closing it closes the connection.
func (f *Ferry) Dial(ctx context.Context, at work.RemoteVault, run record.RunID) (backup.Vault, error) {
	own, err := f.o.Credentials().Name()
	if err != nil {
		return nil, err
	}
	peer := identity.Transporter(own.Installation(), at.TransporterID)
	client, err := transfer.Dial(ctx, at.Address, identity.ClientTLS(f.o.Credentials, peer), at.Token, run)
	if err != nil {
		return nil, err // not client, which would be a Vault that is not nil
	}
	return client, nil
}
