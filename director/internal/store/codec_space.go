package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// SpaceSampleKey is the key of what a repository took on a day ("2026-12-01"); with an empty day the prefix of all of it.
func SpaceSampleKey(id record.RepositoryID, day string) string { return string(id) + "/" + day }

func encodeSpaceSample(r *record.SpaceSample) *statev1.SpaceSample {
	return &statev1.SpaceSample{
		RepositoryId: string(r.Repository), At: stamp(r.At), LogicalBytes: r.LogicalBytes, UniqueBytes: r.UniqueBytes, StoredBytes: r.StoredBytes,
		GarbageBytes: r.GarbageBytes, FreeBytes: r.FreeBytes, TotalBytes: r.TotalBytes, Points: r.Points, Backups: r.Backups,
	}
}

func decodeSpaceSample(p *statev1.SpaceSample) record.SpaceSample {
	return record.SpaceSample{
		Repository: record.RepositoryID(p.GetRepositoryId()), At: moment(p.GetAt()), LogicalBytes: p.GetLogicalBytes(),
		UniqueBytes: p.GetUniqueBytes(), StoredBytes: p.GetStoredBytes(), GarbageBytes: p.GetGarbageBytes(), FreeBytes: p.GetFreeBytes(),
		TotalBytes: p.GetTotalBytes(), Points: p.GetPoints(), Backups: p.GetBackups(),
	}
}
