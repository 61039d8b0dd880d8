package work

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/recovery"
)

const (
	// maxPlan is how many lines of a plan are kept; about 100 MB.
	maxPlan = 250_000
	// planAge is how long a plan is kept: mailboxes change, and an old plan says little.
	planAge  = 7 * 24 * time.Hour
	planFile = ".plan"
	// maxPlanLine bounds a line, in bytes.
	maxPlanLine = 64 << 10
)

// planLine is a line of a plan's file: of a message, or, behind those, of a folder. The last one has only Beyond. There is
// nothing of the mail in it but ids and names of folders.
type planLine struct {
	recovery.Planned
	Tree   *recovery.PlannedFolder `json:",omitempty"`
	Beyond *int64                  `json:",omitempty"`
}

// planWriter writes the plan of a recovery to a file, which appears when it is whole.
type planWriter struct {
	path   string
	file   *os.File
	out    *bufio.Writer
	lines  int
	beyond int64
	err    error
}

func (b *Bench) planPath(id string) (string, error) {
	path, err := b.journalPath(id)
	return strings.TrimSuffix(path, ".journal") + planFile, err
}

// newPlan begins a plan, and removes those that are too old.
func (b *Bench) newPlan(id string) (*planWriter, error) {
	path, err := b.planPath(id)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.o.JournalDir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "make the folder for plans: %w", err)
	}
	b.dropPlans()
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "begin the plan's file: %w", err)
	}
	return &planWriter{path: path, file: f, out: bufio.NewWriterSize(f, 64<<10)}, nil
}

// dropPlans removes plans that are too old. What cannot be removed stays for the next time.
func (b *Bench) dropPlans() {
	for _, pattern := range []string{"*" + planFile, "*" + planFile + ".new"} {
		old, _ := filepath.Glob(filepath.Join(b.o.JournalDir, pattern))
		for _, path := range old {
			if info, err := os.Stat(path); err == nil && b.o.Now().Sub(info.ModTime()) > planAge {
				_ = os.Remove(path)
			}
		}
	}
}

// add writes a line. It may be called on nil: nobody plans then.
func (p *planWriter) add(line recovery.Planned) {
	if p == nil || p.err != nil {
		return
	}
	if p.lines == maxPlan {
		p.beyond += line.Count
		return
	}
	p.lines++
	p.err = p.write(planLine{Planned: line})
}

// addFolder writes a line of a folder. It may be called on nil.
func (p *planWriter) addFolder(line recovery.PlannedFolder) {
	if p == nil || p.err != nil {
		return
	}
	p.err = p.write(planLine{Tree: &line})
}

func (p *planWriter) write(line planLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(data, '\n'))
	return err
}

// done gives the plan its name.
func (p *planWriter) done() error {
	if p.err == nil {
		p.err = p.write(planLine{Beyond: &p.beyond})
	}
	if p.err == nil {
		p.err = p.out.Flush()
	}
	if err := p.file.Close(); p.err == nil {
		p.err = err
	}
	if p.err == nil {
		p.err = os.Rename(p.path+".new", p.path)
	}
	if p.err != nil {
		return fault.New(fault.Exhausted, "the plan could not be written: %w", p.err)
	}
	p.file = nil
	return nil
}

// abandon removes a plan that is not done.
func (p *planWriter) abandon() {
	if p.file != nil {
		_ = p.file.Close()
		_ = os.Remove(p.path + ".new")
	}
}

// Plan hands the lines of a plan to fn until it returns false, and returns how many messages are beyond them. NotFound when
// there is no plan of the task, or none any more.
func (b *Bench) Plan(id string, fn func(recovery.Planned) bool) (beyond int64, err error) {
	return b.planLines(id, func(line *planLine) bool { return line.Tree != nil || fn(line.Planned) })
}

// PlanFolders hands the folders of a plan to fn until it returns false. NotFound as Plan.
func (b *Bench) PlanFolders(id string, fn func(recovery.PlannedFolder) bool) error {
	_, err := b.planLines(id, func(line *planLine) bool { return line.Tree == nil || fn(*line.Tree) })
	return err
}

func (b *Bench) planLines(id string, fn func(*planLine) bool) (beyond int64, err error) {
	path, err := b.planPath(id)
	if err != nil {
		return 0, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fault.New(fault.NotFound, "there is no plan of this activity, or it is older than a week; plan the recovery again")
	}
	if err != nil {
		return 0, fault.New(fault.Unavailable, "open the plan: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 4096), maxPlanLine)
	for lines.Scan() {
		var line planLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return 0, fault.New(fault.Corrupt, "the plan is damaged; plan the recovery again")
		}
		if line.Beyond != nil {
			return *line.Beyond, nil
		}
		if !fn(&line) {
			return 0, nil
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fault.New(fault.Corrupt, "the plan cannot be read: %w", err)
	}
	return 0, fault.New(fault.Corrupt, "the plan is cut off; plan the recovery again: %w", io.ErrUnexpectedEOF)
}
