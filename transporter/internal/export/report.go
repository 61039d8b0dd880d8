package export

import (
	"encoding/json"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// reportFile is the report's name in every export.
const reportFile = "holdfast-export.json"

// maxMissing is how many things a report lists; it counts all.
const maxMissing = 10_000

// Report is what an export did.
type Report struct {
	Point    record.PointID `json:"point"`
	Mailbox  string         `json:"mailbox"`
	Format   Format         `json:"format"`
	Messages int64          `json:"messages"` // written, those of an interrupted try included
	Resumed  int64          `json:"resumed"`  // of them, written by that try
	Bytes    int64          `json:"bytes"`    // of the messages that this try wrote
	// Incomplete counts messages that lack something, Unreadable those that could not be written at all.
	Incomplete int64          `json:"incomplete"`
	Unreadable int64          `json:"unreadable"`
	Folders    []FolderReport `json:"folders"`
	// Missing lists what is not there, up to 10,000 things; MissingMore counts the rest.
	Missing     []MissingItem `json:"missing"`
	MissingMore int64         `json:"missingMore"`
	// NotFound are messages that were asked for and are not in the point.
	NotFound []mail.MessageID `json:"notFound"`
}

// Whole reports whether all that was asked for is there.
func (r *Report) Whole() bool { return r.Incomplete == 0 && r.Unreadable == 0 && len(r.NotFound) == 0 }

// FolderReport is one folder of an export.
type FolderReport struct {
	ID       mail.FolderID `json:"id"`
	Path     []string      `json:"path"` // display names from the top
	Where    string        `json:"where"`
	Messages int64         `json:"messages"`
}

// MissingItem is something that an export lacks.
type MissingItem struct {
	Folder  mail.FolderID  `json:"folder"`
	Message mail.MessageID `json:"message,omitempty"` // empty where records cannot be read
	Subject string         `json:"subject,omitempty"`
	Count   int64          `json:"count"` // messages concerned
	Part    string         `json:"part"`
	Reason  string         `json:"reason"`
}

func (r *Report) add(item MissingItem) {
	if len(r.Missing) >= maxMissing {
		r.MissingMore++
		return
	}
	r.Missing = append(r.Missing, item)
}

func (r *Report) encode() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fault.New(fault.Invalid, "the report cannot be written: %w", err)
	}
	return append(data, '\n'), nil
}

// Paths returns the path of display names of each folder, from the top. A ring of parents, which only a broken point could
// have, is cut.
func Paths(folders []repository.Folder) map[mail.FolderID][]string {
	byID := make(map[mail.FolderID]*repository.Folder, len(folders))
	for i := range folders {
		byID[folders[i].ID] = &folders[i]
	}
	paths := make(map[mail.FolderID][]string, len(folders))
	for i := range folders {
		var path []string
		at := &folders[i]
		for n := 0; at != nil && n <= len(folders); n++ {
			path = append(path, at.Name)
			at = byID[at.Parent]
		}
		slices.Reverse(path)
		paths[folders[i].ID] = path
	}
	return paths
}

// FindFolder returns the folder that a person means by an id, a path of display names parted by slashes, or the name of a
// role ("inbox"). Letters may be of either case where that leaves one folder only.
func FindFolder(folders []repository.Folder, name string) (mail.FolderID, error) {
	name = strings.Trim(name, "/")
	paths := Paths(folders)
	same := func(equal func(a, b string) bool) (found []mail.FolderID) {
		for i := range folders {
			if equal(strings.Join(paths[folders[i].ID], "/"), name) || folders[i].Parent == "" && equal(string(folders[i].Role), name) {
				found = append(found, folders[i].ID)
			}
		}
		return found
	}
	for i := range folders {
		if string(folders[i].ID) == name {
			return folders[i].ID, nil
		}
	}
	for _, equal := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		switch found := same(equal); len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return "", fault.InvalidField("folder", "%d folders are named %q; give the id of one, \"repository folders\" lists them", len(found), name)
		}
	}
	return "", fault.InvalidField("folder", "the recovery point has no folder %q; \"repository folders\" lists those it has", name)
}
