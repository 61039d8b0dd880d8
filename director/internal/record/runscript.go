package record

import (
	"time"

	"holdfast/pkg/fault"
)

// RunPhase is what a run does besides its tasks. Numbers are stored.
type RunPhase int32

// The phases; zero is that of the tasks.
const (
	// PhaseBefore lasts until the script before the run ended: no task is begun.
	PhaseBefore RunPhase = 1
	// PhaseAfter lasts from the end of the last task to that of the script after it: the run's end is final behind it.
	PhaseAfter RunPhase = 2
)

// RunScripts are the scripts around a run, as the job had them when it began. Either may be nil.
type RunScripts struct {
	Run           RunID
	Before, After *ScriptState
}

// ScriptStatus is where a script is. Numbers are stored.
type ScriptStatus int32

// The states of a script.
const (
	ScriptWaiting ScriptStatus = 1
	// ScriptRunning is written before the script is begun.
	ScriptRunning ScriptStatus = 2
	ScriptEnded   ScriptStatus = 3
)

// ScriptState is a script of a run, and how it went.
type ScriptState struct {
	Script  Script
	Status  ScriptStatus
	Started time.Time
	Ended   time.Time
	// Code is its exit code; -1 when it did not exit by itself.
	Code int32
	// Output is what it wrote, shortened in the middle by Dropped bytes.
	Output  string
	Dropped int64
	// Error is why it did not succeed; empty when it did.
	Error     string
	FaultKind fault.Kind
}
