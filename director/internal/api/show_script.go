package api

import (
	"context"
	"slices"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// showWhole is showRun with the scripts of the run.
func (s *jobService) showWhole(v dispatch.RunView) (*directorv1.Run, error) {
	all, err := s.Dispatcher.Scripts(v.ID)
	if err != nil {
		return nil, err
	}
	out := showRun(v)
	for _, one := range []*directorv1.ScriptResult{showResult("before", all.Before), showResult("after", all.After)} {
		if one != nil {
			out.Scripts = append(out.Scripts, one)
		}
	}
	return out, nil
}

// showResult shows a script that was begun; nil for others.
func showResult(when string, s *record.ScriptState) *directorv1.ScriptResult {
	if s == nil || s.Status == record.ScriptWaiting {
		return nil
	}
	return &directorv1.ScriptResult{
		When: when, Path: s.Script.Path, Detached: s.Script.Detached, Required: s.Script.Required, Started: stamp(s.Started),
		Ended: stamp(s.Ended), ExitCode: s.Code, Output: s.Output, Dropped: s.Dropped, Error: s.Error,
	}
}

// hushed hides from callers who are no administrators what scripts are given: it may be a password. Names of variables stay.
func hushed(ctx context.Context, j *directorv1.Job) *directorv1.Job {
	if callerOf(ctx).Role >= record.RoleAdministrator {
		return j
	}
	for _, s := range []*directorv1.Script{j.GetBefore(), j.GetAfter()} {
		if s == nil {
			continue
		}
		environment := make(map[string]string, len(s.GetEnvironment()))
		for name := range s.GetEnvironment() {
			environment[name] = hiddenText
		}
		s.Environment = environment
		if len(s.GetArguments()) > 0 {
			s.Arguments = slices.Repeat([]string{hiddenText}, len(s.GetArguments()))
		}
	}
	return j
}

// hiddenText stands for what a caller may not see.
const hiddenText = "[hidden]"
