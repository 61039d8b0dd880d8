package record

import "time"

// DefaultScriptTimeout is when a script is ended that has no limit of its own.
const DefaultScriptTimeout = time.Hour

// Script is a program on the Director's machine that is run before or after a run.
type Script struct {
	// Path is absolute: of what is run, or of what Interpreter is given.
	Path string
	// Interpreter is absolute, or empty to run Path itself.
	Interpreter string
	Arguments   []string
	// Environment is what it has besides HOLDFAST_*, which the run sets.
	Environment map[string]string
	// Detached does not wait for its end; what it does then changes nothing.
	Detached bool
	// Required makes its failure that of the run; before the run, nothing is backed up then.
	Required bool
	// TimeoutSeconds is when it is ended; zero means DefaultScriptTimeout. See Timeout.
	TimeoutSeconds int32
}

// Timeout returns when the script is ended, with all that it started.
func (s *Script) Timeout() time.Duration {
	if s.TimeoutSeconds == 0 {
		return DefaultScriptTimeout
	}
	return time.Duration(s.TimeoutSeconds) * time.Second
}

// Reports says whom to tell of a job's runs, besides those who hear of all jobs; the zero value tells nobody.
type Reports struct {
	Addresses []string
	When      ReportWhen
}

// ReportWhen chooses the ends of runs that are told. Numbers are stored.
type ReportWhen int32

// The choices. The zero value is ReportAlways.
const (
	ReportAlways ReportWhen = 1
	// ReportNotSuccessful tells incomplete, failed and stopped runs.
	ReportNotSuccessful ReportWhen = 2
	ReportFailed        ReportWhen = 3
)

// Tells reports whether an end of a run is told.
func (w ReportWhen) Tells(s RunStatus) bool {
	switch w {
	case ReportNotSuccessful:
		return s == RunIncomplete || s == RunFailed || s == RunStopped
	case ReportFailed:
		return s == RunFailed
	default:
		return s.Ended()
	}
}
