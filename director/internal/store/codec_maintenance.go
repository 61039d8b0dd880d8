package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// OnlyKey is the key of the one record in SelfBackups, and in Histories.
const OnlyKey = "settings"

func encodeSelfBackup(s *sealer, r *record.SelfBackup) (*statev1.SelfBackup, error) {
	p := &statev1.SelfBackup{
		Name: OnlyKey, Folder: r.Folder, Keep: int32(r.Keep), Schedules: encodeSchedules(r.Schedules), Considered: stamp(r.Considered),
		LastTried: stamp(r.LastTried), LastSucceeded: stamp(r.LastSucceeded), LastFile: r.LastFile, LastError: r.LastError,
	}
	if len(r.Key) == 0 {
		return p, nil
	}
	p.Derivation = EncodeDerivation(&r.Derivation)
	var err error
	p.SealedKey, err = s.seal(r.Key, "self-backup/"+OnlyKey)
	return p, err
}

func decodeSelfBackup(s *sealer, p *statev1.SelfBackup) (record.SelfBackup, error) {
	r := record.SelfBackup{
		Folder: p.GetFolder(), Keep: int(p.GetKeep()), Schedules: decodeSchedules(p.GetSchedules()), Considered: moment(p.GetConsidered()),
		LastTried: moment(p.GetLastTried()), LastSucceeded: moment(p.GetLastSucceeded()), LastFile: p.GetLastFile(), LastError: p.GetLastError(),
	}
	if len(p.GetSealedKey()) == 0 {
		return r, nil
	}
	key, err := s.open(p.GetSealedKey(), "self-backup/"+OnlyKey)
	if err != nil {
		return record.SelfBackup{}, err
	}
	r.Key = key
	r.Derivation, err = DecodeDerivation(p.GetDerivation())
	return r, err
}

// EncodeDerivation returns a derivation as it is stored, here and in files.
func EncodeDerivation(d *record.BackupDerivation) *statev1.BackupKeyDerivation {
	return &statev1.BackupKeyDerivation{Salt: d.Salt, Passes: d.Passes, MemoryKib: d.MemoryKiB, Threads: uint32(d.Threads)}
}

// DecodeDerivation reads what EncodeDerivation made. Corrupt when it would take more of the machine than any that this
// program makes: 1 GiB, 64 passes.
func DecodeDerivation(p *statev1.BackupKeyDerivation) (record.BackupDerivation, error) {
	n := len(p.GetSalt())
	if n < 16 || n > 64 || p.GetPasses() < 1 || p.GetPasses() > 64 || p.GetMemoryKib() < 8 || p.GetMemoryKib() > 1<<20 || p.GetThreads() < 1 || p.GetThreads() > 64 {
		return record.BackupDerivation{}, fault.New(fault.Corrupt, "how the passphrase becomes a key is damaged")
	}
	return record.BackupDerivation{Salt: p.GetSalt(), Passes: p.GetPasses(), MemoryKiB: p.GetMemoryKib(), Threads: uint8(p.GetThreads())}, nil
}

func encodeHistory(r *record.History) *statev1.History {
	return &statev1.History{Name: OnlyKey, Days: int32(r.Days), Swept: stamp(r.Swept), Removed: r.Removed}
}

func decodeHistory(p *statev1.History) record.History {
	return record.History{Days: int(p.GetDays()), Swept: moment(p.GetSwept()), Removed: p.GetRemoved()}
}
